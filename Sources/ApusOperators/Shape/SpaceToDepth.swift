public import ApusCore

/// Moves blocks of the picture into channels: `[n, c, h*b, w*b]` becomes `[n, b*b*c, h, w]`. ONNX SpaceToDepth 1, 13.
public struct SpaceToDepth: Operator {
  public var blockSize = 1

  public static var importers: [Importer] {
    [
      .onnx("SpaceToDepth") { node in
        SpaceToDepth(blockSize: try node.require("blocksize", node.int("blocksize", in: 1...1 << 20)))
      }
    ]
  }

  public init() {}
  public init(blockSize: Int) { self.blockSize = blockSize }
  public var traits: OperatorTraits { .movesData }

  private func shape(_ x: Shape) throws -> Shape {
    try DepthToSpace.check(x, block: blockSize)
    return [
      x[0], x[1] * .constant(blockSize * blockSize),
      try DepthToSpace.quotient(x[2], by: blockSize, "the height"),
      try DepthToSpace.quotient(x[3], by: blockSize, "the width"),
    ]
  }

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    let x = try context.tensor(0)
    guard let input = x.shape else {
      return [.tensor(x.dtype, context.unknownShape(rank: 4, "spacetodepth"))]
    }
    return [.tensor(x.dtype, try shape(input))]
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let (x, b) = (try operands.tensor(0), blockSize)
    let result = try shape(Shape(x.shape)).compactMap(\.value)
    let blocks = x.reshaped([x.shape[0], x.shape[1], result[2], b, result[3], b])
    let order = Transpose([0, 3, 5, 1, 2, 4])
    return try order.evaluate(Operands([blocks])).map { .tensor(try $0.required().reshaped(result)) }
  }
}
