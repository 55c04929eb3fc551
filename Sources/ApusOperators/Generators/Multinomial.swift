public import ApusCore
import Glibc

/// `sampleSize` classes drawn for every row of unnormalised log probabilities `[batch, classes]`. ONNX Multinomial 7, 22.
public struct Multinomial: Operator {
  public var dtype = DType.i32
  public var sampleSize = 1
  public var seed: Double?

  public static var importers: [Importer] {
    [
      .onnx("Multinomial", since: 7) { node in
        var op = Multinomial()
        op.dtype = try node.dtype("dtype") ?? .i32
        op.sampleSize = try node.int("sample_size", in: 0...Window.largest) ?? 1
        op.seed = try node.float("seed")
        return op
      }
    ]
  }

  public init() {}
  public var traits: OperatorTraits { .nondeterministic }

  private func check(_ rank: Int) throws {
    guard rank == 2, sampleSize >= 0 else {
      throw OperatorError(.shapeMismatch, "the input has \(rank) axes", allowed: "[batch, classes]")
    }
  }

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    let x = try context.tensor(0)
    try ElementTypes.floats.check(x.dtype)
    guard dtype == .i32 || dtype == .i64 else {
      throw OperatorError(
        .unsupportedAttribute, "classes are integers", attribute: "dtype", value: dtype.rawValue,
        allowed: "i32, i64")
    }
    guard let shape = x.shape else {
      return [.tensor(dtype, [context.fresh("batch"), .constant(sampleSize)])]
    }
    try check(shape.count)
    return [.tensor(dtype, [shape[0], .constant(sampleSize)])]
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let x = try operands.tensor(0, .floats)
    try check(x.rank)
    let (logits, classes) = (x.doubles(), x.shape[1])
    guard classes > 0 || x.shape[0] == 0 else { throw OperatorError(.shapeMismatch, "there are no classes") }
    try TensorMemory.check([x.shape[0], sampleSize])
    var source = RandomSource(seed: seed)
    var draws: [Int64] = []
    for row in 0..<x.shape[0] {
      let numbers = logits[row * classes..<(row + 1) * classes]
      let top = numbers.max() ?? 0
      let weights = numbers.map { exp($0 - top) }
      let total = weights.reduce(0, +)
      for _ in 0..<sampleSize {
        var rest = source.uniform() * total
        let drawn = weights.firstIndex { weight in
          rest -= weight
          return rest < 0
        }
        draws.append(Int64(drawn ?? classes - 1))
      }
    }
    return [.tensor(Tensor(integers: draws, dtype, [x.shape[0], sampleSize]))]
  }
}
