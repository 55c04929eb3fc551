public import ApusCore

/// One convolution of the levels of a feature pyramid, which share weights and differ in size.
///
/// Inputs: x `[N, P, C]`, channels last, with the pixels of all levels one after the other; weight `[M, C, kh, kw]`;
/// optional bias `[M]`. Output `[N, P, M]`: the convolution keeps every level's height and width.
public struct PyramidConv: SampledReference {
  /// Strides of one, one group, the same padding before and behind.
  public var conv = Conv()
  /// Pixels of each level.
  public var heights: [Int] = []
  public var widths: [Int] = []

  public init() {}

  public init(conv: Conv, levels: [(height: Int, width: Int)]) {
    self.conv = conv
    heights = levels.map(\.height)
    widths = levels.map(\.width)
  }

  public var pixels: Int { zip(heights, widths).reduce(0) { $0 + $1.0 * $1.1 } }

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    let x = try context.floating(0)
    for index in 1..<3 { try context.expect(x.dtype, at: index) }
    try require(
      !heights.isEmpty && heights.count == widths.count && (heights + widths).allSatisfy { $0 > 0 },
      attribute: "heights", value: "\(heights)", allowed: "as many positive sizes as widths")
    guard let shape = try context.shape(0, rank: 3...3), let weight = try context.shape(1, rank: 4...4) else {
      return [.tensor(x.dtype, nil)]
    }
    _ = try unified(shape[1], .constant(pixels), "pixels")
    for (height, width) in zip(heights, widths) {
      let level = InferenceContext(inputs: [
        .tensor(x.dtype, [shape[0], shape[2], .constant(height), .constant(width)]), context.inputs[1],
        context.inputs.count > 2 ? context.inputs[2] : nil,
      ])
      let result = try conv.infer(level)[0].tensor?.shape
      try require(
        result?[2...] == [.constant(height), .constant(width)],
        "the convolution does not keep the \(height)x\(width) pixels of a level")
    }
    return [.tensor(x.dtype, [shape[0], shape[1], weight[0]])]
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let (x, weight) = (try checked(operands), try operands.tensor(1))
    let (images, made) = (x.shape[0], weight.shape[0])
    var result = [Double](repeating: 0, count: images * pixels * made)
    for level in heights.indices {
      guard let y = try conv.evaluate(operands.replacing(picture(level, of: x)))[0].tensor else { continue }
      let (elements, area, first) = (y.doubles(), heights[level] * widths[level], start(of: level))
      for image in 0..<images {
        for channel in 0..<made {
          for pixel in 0..<area {
            result[(image * pixels + first + pixel) * made + channel] =
              elements[(image * made + channel) * area + pixel]
          }
        }
      }
    }
    return [.tensor(Tensor(doubles: result, x.dtype, [images, pixels, made]))]
  }

  public func evaluate(at positions: [[Int]], of output: Int, _ operands: Operands) throws -> [Double] {
    let (x, weight) = (try checked(operands), try operands.tensor(1))
    var results = [Double](repeating: 0, count: positions.count)
    for level in heights.indices {
      let (first, area) = (start(of: level), heights[level] * widths[level])
      var (mine, places): ([Int], [[Int]]) = ([], [])
      for (index, position) in positions.enumerated() {
        try checkPosition(position, in: [x.shape[0], pixels, weight.shape[0]])
        let pixel = position[1] - first
        guard 0..<area ~= pixel else { continue }
        mine.append(index)
        places.append([position[0], position[2], pixel / widths[level], pixel % widths[level]])
      }
      guard !mine.isEmpty else { continue }
      let values = try conv.evaluate(
        at: places, of: 0, operands.replacing(picture(level, of: x)))
      for (index, value) in zip(mine, values) { results[index] = value }
    }
    return results
  }

  private func checked(_ operands: Operands) throws -> Tensor {
    let x = try operands.tensor(0, rank: 3...3)
    try require(x.shape[1] == pixels, "\(x.shape[1]) pixels for levels of \(pixels)")
    return x
  }

  /// Pixels before a level's.
  private func start(of level: Int) -> Int {
    zip(heights, widths).prefix(level).reduce(0) { $0 + $1.0 * $1.1 }
  }

  /// A level as `[N, C, height, width]`.
  private func picture(_ level: Int, of x: Tensor) -> Tensor {
    let (elements, channels, first) = (x.doubles(), x.shape[2], start(of: level))
    let shape = [x.shape[0], channels, heights[level], widths[level]]
    let area = heights[level] * widths[level]
    var values = [Double](repeating: 0, count: shape.elementCount)
    for image in 0..<shape[0] {
      for pixel in 0..<area {
        let from = (image * pixels + first + pixel) * channels
        for channel in 0..<channels {
          values[(image * channels + channel) * area + pixel] = elements[from + channel]
        }
      }
    }
    return Tensor(doubles: values, x.dtype, shape)
  }
}

extension Operands {
  /// The same with another first tensor.
  fileprivate func replacing(_ first: Tensor) -> Operands {
    Operands([.tensor(first)] + values.dropFirst(), outputCount: outputCount)
  }
}
