public import ApusCore

/// `start`, `start + delta`, … to before `limit`; three scalars. ONNX Range 11, 27.
public struct RangeOf: Operator {
  public static let name = "Range"
  public static var importers: [Importer] { [.onnx("Range", since: 11) { _ in RangeOf() }] }

  public init() {}

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    let start = try context.tensor(0)
    try ElementTypes.numbers.check(start.dtype)
    for index in [1, 2] {
      let type = try context.tensor(index)
      guard type.dtype == start.dtype else {
        throw OperatorError(
          .typeMismatch, "start is \(start.dtype.rawValue), input \(index) is \(type.dtype.rawValue)")
      }
    }
    return [.tensor(start.dtype, [try count(context) ?? context.fresh("range")])]
  }

  private func count(_ context: InferenceContext) throws -> Dim? {
    guard let start = context.contents(0)?.elements.first, let limit = context.contents(1)?.elements.first,
      let delta = context.contents(2)?.elements.first, let step = delta.number
    else { return nil }
    guard step != 0 else { throw OperatorError(.invalidValue, "the step is 0") }
    let distance = limit - start
    if let length = distance.number {
      return .constant(Int(max(0, min((length / step).rounded(.up), 1e15))))
    }
    guard let length = distance.dim, let step = delta.dim?.value else { return nil }
    let count = step > 0 ? length.ceilDiv(.constant(step)) : (start - limit).dim?.ceilDiv(.constant(-step))
    return count.map { $0.isNonNegative ? $0 : Dim.max($0, 0) }
  }

  public func propagate(_ context: InferenceContext) -> [Contents?] {
    guard let start = context.contents(0), let first = start.elements.first,
      let delta = context.contents(2)?.elements.first, let count = try? count(context)?.value,
      count <= Contents.limit
    else { return [] }
    let elements = (0..<count).map { first + delta * Contents.Element(.constant($0)) }
    return [Contents(start.dtype, [count], elements)]
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let inputs = try (0..<3).map { try operands.tensor($0, .numbers) }
    guard inputs.allSatisfy({ $0.elementCount == 1 }) else {
      throw OperatorError(.shapeMismatch, "start, limit and delta must be scalars")
    }
    let dtype = inputs[0].dtype
    if dtype.isInteger {
      let (start, limit, delta) = (
        inputs[0].integers()[0], inputs[1].integers()[0], inputs[2].integers()[0]
      )
      guard delta != 0 else { throw OperatorError(.invalidValue, "the step is 0") }
      try TensorMemory.check([Int(min(max((Double(limit) - Double(start)) / Double(delta), 0), 1e18))])
      let numbers = Array(stride(from: start, to: limit, by: Int(delta)))
      return [.tensor(Tensor(integers: numbers, dtype, [numbers.count]))]
    }
    let (start, limit, delta) = (inputs[0].doubles()[0], inputs[1].doubles()[0], inputs[2].doubles()[0])
    let count = ((limit - start) / delta).rounded(.up)
    guard count.isFinite else {
      throw OperatorError(.invalidValue, "the range has no end", value: "\(start)..<\(limit) by \(delta)")
    }
    try TensorMemory.check([Int(min(max(count, 0), 1e18))])
    let numbers = (0..<max(0, Int(count))).map { start + Double($0) * delta }
    return [.tensor(Tensor(doubles: numbers, dtype, [numbers.count]))]
  }
}
