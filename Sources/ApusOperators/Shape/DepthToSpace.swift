public import ApusCore

/// Moves blocks of channels into the picture: `[n, c*b*b, h, w]` becomes `[n, c, h*b, w*b]`.
/// ONNX DepthToSpace 1, 11 (`mode`), 13.
public struct DepthToSpace: Operator {
  public var blockSize = 1
  /// CRD: channels are ordered column, row, depth from the innermost outwards; otherwise depth, column, row (DCR).
  public var columnRowDepth = false

  public static var importers: [Importer] {
    [
      .onnx("DepthToSpace") { node in
        let mode = try node.string("mode", default: "DCR")
        guard mode == "DCR" || mode == "CRD" else {
          throw OperatorError(
            .unsupportedAttribute, "unknown mode", attribute: "mode", value: mode, allowed: "DCR, CRD")
        }
        return DepthToSpace(
          blockSize: try node.require("blocksize", node.int("blocksize", in: 1...1 << 20)),
          columnRowDepth: mode == "CRD")
      }
    ]
  }

  public init() {}
  public init(blockSize: Int, columnRowDepth: Bool = false) {
    self.blockSize = blockSize
    self.columnRowDepth = columnRowDepth
  }
  public var traits: OperatorTraits { .movesData }

  /// Throws unless the shape has four axes and the block is positive.
  static func check(_ shape: Shape, block: Int) throws {
    guard shape.count == 4 else {
      throw OperatorError(.shapeMismatch, "the tensor must have four axes, it has \(shape.count)")
    }
    guard block > 0, block < 1 << 20 else {
      throw OperatorError(
        .invalidAttribute, "the block is not positive", attribute: "blocksize", value: String(block))
    }
  }

  /// The quotient; throws when the size is no multiple of the block.
  static func quotient(_ size: Dim, by block: Int, _ what: String) throws -> Dim {
    if let value = size.value, value % block != 0 {
      throw OperatorError(
        .shapeMismatch, "\(what) \(value) is no multiple of \(block)", attribute: "blocksize")
    }
    return size.floorDiv(.constant(block))
  }

  private func shape(_ x: Shape) throws -> Shape {
    try Self.check(x, block: blockSize)
    let block = Dim.constant(blockSize)
    return [
      x[0], try Self.quotient(x[1], by: blockSize * blockSize, "the number of channels"), x[2] * block,
      x[3] * block,
    ]
  }

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    let x = try context.tensor(0)
    guard let input = x.shape else {
      return [.tensor(x.dtype, context.unknownShape(rank: 4, "depthtospace"))]
    }
    return [.tensor(x.dtype, try shape(input))]
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let x = try operands.tensor(0)
    let result = try shape(Shape(x.shape)).compactMap(\.value)
    let (b, c) = (blockSize, result[1])
    let (n, h, w) = (x.shape[0], x.shape[2], x.shape[3])
    let blocks = x.reshaped(columnRowDepth ? [n, c, b, b, h, w] : [n, b, b, c, h, w])
    let order = Transpose(columnRowDepth ? [0, 1, 4, 2, 5, 3] : [0, 3, 4, 1, 5, 2])
    return try order.evaluate(Operands([blocks])).map { .tensor(try $0.required().reshaped(result)) }
  }
}

extension Value {
  /// The tensor; throws for sequences and optionals.
  func required() throws -> Tensor {
    guard let tensor else { throw OperatorError(.typeMismatch, "a tensor is needed, there is \(type)") }
    return tensor
  }
}
