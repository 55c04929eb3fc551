public import ApusCore
import ApusOperators

/// Pyramids of odd levels: windows of one and nine pixels, channels that fill vectors and that do not.
///
/// - Parameter dtype: FP16, BF16 or FP32.
public func pyramidCases(_ dtype: DType) -> [NodeCase] {
  let levels = [(height: 13, width: 11), (height: 7, width: 6), (height: 3, width: 2), (height: 1, width: 1)]
  func pyramid(_ channels: Int, _ weights: [Int], _ change: (inout Conv) -> Void) -> NodeCase {
    var conv = Conv()
    change(&conv)
    let op = PyramidConv(conv: conv, levels: levels)
    let scale = 1 / Double(weights[1...].reduce(1, *)).squareRoot()
    return NodeCase(
      op,
      [
        .fed(dtype, [nil, op.pixels, channels]), .random(dtype, weights, scale: scale),
        .random(dtype, [weights[0]]),
      ], tolerance: dtype == .f16 ? 4e-3 : nil)
  }
  return [
    pyramid(64, [96, 64, 3, 3]) { ($0.pads, $0.activation) = ([1, 1, 1, 1], .relu) },
    pyramid(256, [36, 256, 3, 3]) { $0.pads = [1, 1, 1, 1] },
    pyramid(6, [5, 6, 3, 3]) { ($0.pads, $0.dilations) = ([2, 2, 2, 2], [2, 2]) },
    pyramid(48, [24, 48, 1, 1]) { $0.activation = .relu },
  ]
}

/// Squeeze-and-excitation behind depthwise convolutions, with many partial sums of few channels and the reverse.
///
/// - Parameter dtype: FP16, BF16 or FP32.
public func squeezeExcitationCases(_ dtype: DType) -> [NodeCase] {
  func layer(_ channels: Int, _ hidden: Int, _ extent: Int) -> NodeCase {
    var conv = Conv()
    (conv.group, conv.pads, conv.activation) = (channels, [1, 1, 1, 1], Activation(.silu))
    let op = ConvSqueezeExcitation(
      conv: conv, layer: SqueezeExcitation(inner: Activation(.silu), outer: Activation(.sigmoid)))
    return NodeCase(
      op,
      [
        .fed(dtype, [nil, channels, extent, extent]), .random(dtype, [channels, 1, 3, 3]),
        .random(dtype, [channels]), .absent, .random(dtype, [hidden, channels, 1, 1]),
        .random(dtype, [hidden]), .random(dtype, [channels, hidden, 1, 1]), .random(dtype, [channels]),
      ], outputs: 2, tolerance: dtype == .f16 ? 4e-3 : nil)
  }
  return [layer(32, 8, 61), layer(96, 4, 29), layer(13, 3, 40), layer(672, 28, 7)]
}

/// Products of so few channels that one stage of the reduction is more than all of it.
///
/// - Parameter dtype: FP16, BF16 or FP32.
public func narrowConvolutionCases(_ dtype: DType) -> [NodeCase] {
  [(32, 16), (16, 96), (24, 144), (8, 8)].map { channels, made in
    NodeCase(
      Conv(),
      [
        .fed(dtype, [nil, channels, 17, 19]), .random(dtype, [made, channels, 1, 1]), .random(dtype, [made]),
      ],
      tolerance: dtype == .f16 ? 4e-3 : nil)
  }
}
