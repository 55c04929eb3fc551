public import ApusCore

/// Convolution over any number of spatial axes: x `[N, C, …]`, weight `[M, C/group, k…]`, optional bias `[M]`, and
/// an optional residual of the output's shape that is added before `activation`. ONNX Conv 1, 11, 22; FusedConv.
public struct Conv: WindowedOperator, SampledReference {
  public var strides: [Int] = []
  public var dilations: [Int] = []
  public var pads: [Int] = []
  public var autoPad = AutoPad.notSet
  public var group = 1
  /// Only where the weight's shape does not tell it.
  public var kernelShape: [Int] = []
  public var activation = Activation.none

  public static var importers: [Importer] {
    [
      .onnx("Conv") { node in try Conv(onnx: node) },
      .onnx("FusedConv", domain: "com.microsoft") { node in
        var conv = try Conv(onnx: node)
        conv.activation = try Activation(microsoft: node)
        return conv
      },
    ]
  }

  public init() {}

  private init(onnx node: SourceNode) throws {
    try readWindow(node)
    group = try node.int("group", in: Window.steps) ?? 1
    kernelShape = try node.ints("kernel_shape", in: Window.steps) ?? []
  }

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    let x = try context.floating(0)
    for index in 1..<4 { try context.expect(x.dtype, at: index) }
    _ = try context.tensor(1)
    try checkGroups(group, "group")
    let (input, weight) = (try context.shape(0, rank: 3...Int.max), try context.shape(1, rank: 3...Int.max))
    guard let input else { return [.tensor(x.dtype, nil)] }
    let axes = input.count - 2
    let window = try window(axes: axes)
    try require(
      kernelShape.isEmpty || kernelShape.count == axes, attribute: "kernel_shape", value: "\(kernelShape)",
      allowed: "\(axes) sizes")
    guard let weight else {
      let sizes =
        kernelShape.isEmpty
        ? (0..<axes).map { _ in context.fresh("conv") }
        : try window.outputSizes(Array(input[2...]), kernel: Shape(kernelShape))
      return [.tensor(x.dtype, [input[0], context.fresh("channels")] + sizes)]
    }
    try checkShapes(input, weight)
    let kernel = try (0..<axes).map { axis in
      let size = weight[2 + axis]
      return kernelShape.isEmpty ? size : try unified(size, .constant(kernelShape[axis]), "kernel size")
    }
    if let bias = try context.shape(2, rank: 1...1) { _ = try unified(bias[0], weight[0], "bias size") }
    let output = [input[0], weight[0]] + (try window.outputSizes(Array(input[2...]), kernel: kernel))
    if let residual = try context.shape(3, rank: input.count...input.count) {
      for (a, b) in zip(residual, output) { _ = try unified(a, b, "residual size") }
    }
    return [.tensor(x.dtype, output)]
  }

  private func checkShapes(_ input: Shape, _ weight: Shape) throws {
    try require(input.count == weight.count, "x has rank \(input.count), the weight \(weight.count)")
    if let channels = input[1].value, let each = weight[1].value {
      try require(
        .constant(channels) == Dim.constant(each) * .constant(group),
        "x has \(channels) channels, the weight takes \(each) in each of \(group) groups",
        fix: "set 'group' so that channels = group * weight.shape[1]")
    }
    if let made = weight[0].value {
      try require(made % group == 0, "\(made) output channels do not divide into \(group) groups")
    }
  }

  /// Sizes for input and weight of these shapes; channels are those of one group.
  public func geometry(_ x: [Int], _ w: [Int]) throws -> ConvolutionGeometry {
    try checkGroups(group, "group")
    try checkShapes(Shape(x), Shape(w))
    let (input, kernel) = (Array(x[2...]), Array(w[2...]))
    let window = try window(axes: input.count)
    let output = try window.outputSizes(input, kernel: kernel)
    return ConvolutionGeometry(
      batch: x[0], groups: group, inChannels: w[1], outChannels: w[0] / group, input: input, kernel: kernel,
      output: output, strides: window.strides, dilations: window.dilations,
      begins: window.padding(input: input, kernel: kernel, output: output).begins)
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let (x, w) = (try operands.tensor(0, rank: 3...Int.max), try operands.tensor(1, rank: 3...Int.max))
    let geometry = try geometry(x.shape, w.shape)
    let shape = [x.shape[0], w.shape[0]] + geometry.output
    let start = try epilogueStart(operands, shape: shape, channels: w.shape[0])
    var result = convolve(x.doubles(), w.doubles(), geometry, into: start)
    if activation.kind != .none {
      for index in result.indices { result[index] = activation.apply(result[index]) }
    }
    return [.tensor(Tensor(doubles: result, x.dtype, shape))]
  }

  /// Bias and residual at every output element: what products are added to.
  private func epilogueStart(_ operands: Operands, shape: [Int], channels: Int) throws -> [Double] {
    let plane = shape[2...].reduce(1, *)
    var start = [Double](repeating: 0, count: shape.elementCount)
    if let residual = operands.optional(3) {
      try require(residual.shape == shape, "residual \(residual.shape) against output \(shape)")
      start = residual.doubles()
    }
    guard let bias = operands.optional(2)?.doubles(), plane > 0 else { return start }
    try require(bias.count == channels, "bias of \(bias.count) for \(channels) channels")
    for row in 0..<start.count / plane {
      for index in row * plane..<(row + 1) * plane { start[index] += bias[row % channels] }
    }
    return start
  }

  public func evaluate(at positions: [[Int]], of output: Int, _ operands: Operands) throws -> [Double] {
    let (x, w) = (try operands.tensor(0, rank: 3...Int.max), try operands.tensor(1, rank: 3...Int.max))
    let g = try geometry(x.shape, w.shape)
    let shape = [x.shape[0], w.shape[0]] + g.output
    let (xs, ws) = (x.doubles(), w.doubles())
    let (bias, residual) = (operands.optional(2)?.doubles(), operands.optional(3)?.doubles())
    let (inStrides, outStrides) = (g.input.rowMajorStrides, shape.rowMajorStrides)
    let (inPlane, taps) = (g.input.elementCount, g.kernel.elementCount)
    return try positions.map { position in
      try checkPosition(position, in: shape)
      var sum = bias?[position[1]] ?? 0
      if let residual { sum += residual[zip(position, outStrides).reduce(0) { $0 + $1.0 * $1.1 }] }
      let firstChannel = position[0] * x.shape[1] + position[1] / g.outChannels * g.inChannels
      var tap = 0
      forEachIndex(g.kernel) { k in
        defer { tap += 1 }
        var offset = 0
        for axis in k.indices {
          let place = position[2 + axis] * g.strides[axis] + k[axis] * g.dilations[axis] - g.begins[axis]
          guard place >= 0 && place < g.input[axis] else { return }
          offset += place * inStrides[axis]
        }
        for channel in 0..<g.inChannels {
          sum +=
            ws[(position[1] * g.inChannels + channel) * taps + tap]
            * xs[(firstChannel + channel) * inPlane + offset]
        }
      }
      return activation.apply(sum)
    }
  }
}

/// Adds the convolution of `x` and `w` to `start`.
func convolve(_ x: [Double], _ w: [Double], _ g: ConvolutionGeometry, into start: [Double]) -> [Double] {
  var result = start
  let taps = g.taps()
  let (inPlane, outPlane) = (g.input.elementCount, g.output.elementCount)
  let stride = g.strides.last ?? 1
  x.withUnsafeBufferPointer { x in
    w.withUnsafeBufferPointer { w in
      result.withUnsafeMutableBufferPointer { y in
        guard let x = x.baseAddress, let w = w.baseAddress, let y = y.baseAddress else { return }
        for plane in 0..<g.batch * g.groups * g.outChannels {
          let made = plane % (g.groups * g.outChannels)
          let first = (plane / (g.groups * g.outChannels) * g.groups + made / g.outChannels) * g.inChannels
          for channel in 0..<g.inChannels {
            let kernel = w + (made * g.inChannels + channel) * taps.count
            for (index, tap) in taps.enumerated() {
              let factor = kernel[index]
              for row in tap.rows {
                let to = y + plane * outPlane + row.output
                let from = x + (first + channel) * inPlane + row.input
                for place in tap.range { to[place] += factor * from[place &* stride &+ tap.offset] }
              }
            }
          }
        }
      }
    }
  }
  return result
}
