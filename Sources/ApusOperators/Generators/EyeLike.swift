public import ApusCore

/// A matrix shaped as the input with ones on diagonal `k` (above the main one when positive). ONNX EyeLike 9, 22.
public struct EyeLike: Operator {
  public var dtype: DType?
  public var k = 0

  public static var importers: [Importer] {
    [
      .onnx("EyeLike", since: 9) { node in
        var op = EyeLike()
        op.dtype = try node.dtype("dtype")
        op.k = try node.int("k", default: 0)
        return op
      }
    ]
  }

  public init() {}

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    let x = try context.tensor(0)
    let type = dtype ?? x.dtype
    try ElementTypes.numbersAndBool.check(type)
    if let rank = x.rank, rank != 2 {
      throw OperatorError(.shapeMismatch, "the input has \(rank) axes", allowed: "a matrix")
    }
    return [.tensor(type, x.shape)]
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let x = try operands.tensor(0)
    guard x.rank == 2 else { throw OperatorError(.shapeMismatch, "the input is no matrix") }
    var ones = [Int64](repeating: 0, count: x.elementCount)
    for row in 0..<x.shape[0] where row + k >= 0 && row + k < x.shape[1] {
      ones[row * x.shape[1] + row + k] = 1
    }
    return [.tensor(Tensor(integers: ones, dtype ?? x.dtype, x.shape))]
  }
}
