import ApusCore

/// Which scale and zero point each element of a tensor uses: one for all, one for each place along an axis, or one for
/// each block of `blockSize` places along it.
struct QuantizationLayout {
  private let axis: AxisSplit
  private let blocks: Int
  private let blockSize: Int
  private let single: Bool

  /// Throws when `parameters` is no shape that fits the tensor.
  init(_ shape: [Int], parameters: [Int], axis: Int, blockSize: Int) throws {
    try Self.check(Shape(shape), parameters: Shape(parameters), axis: axis, blockSize: blockSize)
    single = parameters.elementCount == 1
    self.blockSize = max(blockSize, 1)
    guard !single else {
      self.axis = AxisSplit([1], axis: 0)
      blocks = 1
      return
    }
    let place = try normalizedAxis(axis, rank: shape.count)
    self.axis = AxisSplit(shape, axis: place)
    blocks = blockSize > 0 ? parameters[place] : shape[place]
    innerMatters = blockSize > 0
  }

  private var innerMatters = false

  /// Place of the parameters of element `index`.
  func parameter(_ index: Int) -> Int {
    if single { return 0 }
    let row = index / axis.inner
    let block = row % axis.size / blockSize
    guard innerMatters else { return block }
    return (row / axis.size * blocks + block) * axis.inner + index % axis.inner
  }

  /// Throws when symbolic shapes cannot fit.
  static func check(_ shape: Shape, parameters: Shape, axis: Int, blockSize: Int) throws {
    guard blockSize >= 0 else {
      throw OperatorError(
        .invalidAttribute, "the block size is below zero", attribute: "block_size", value: String(blockSize))
    }
    if parameters.elementCount == 1 { return }
    let place = try normalizedAxis(axis, rank: shape.count)
    if blockSize == 0 {
      guard parameters.count == 1, parameters[0].value.map({ shape[place].mayBe($0) }) ?? true else {
        throw mismatch(shape, parameters)
      }
      return
    }
    guard parameters.count == shape.count else { throw mismatch(shape, parameters) }
    for (index, size) in shape.enumerated() {
      let wanted = index == place ? size.ceilDiv(.constant(blockSize)) : size
      guard parameters[index].value.map({ wanted.mayBe($0) }) ?? true else {
        throw mismatch(shape, parameters)
      }
    }
  }

  private static func mismatch(_ shape: Shape, _ parameters: Shape) -> OperatorError {
    OperatorError(
      .shapeMismatch,
      "scales \(TensorType(.f32, parameters)) do not fit a tensor \(TensorType(.f32, shape))",
      allowed: "one scale, one a place of 'axis', or one a block of 'block_size' places of it")
  }
}
