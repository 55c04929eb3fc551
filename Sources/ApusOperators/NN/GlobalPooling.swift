public import ApusCore

/// Reduces each plane (all spatial axes of one channel) to one element.
public protocol GlobalPooling: Operator {
  /// The reduction of one plane in double precision.
  func reduce(_ plane: ArraySlice<Double>) -> Double
}

extension GlobalPooling {
  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    let x = try context.floating(0)
    guard let shape = try context.shape(0, rank: 2...Int.max) else { return [.tensor(x.dtype, nil)] }
    return [.tensor(x.dtype, shape[..<2] + shape[2...].map { _ in 1 })]
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let x = try operands.tensor(0, rank: 2...Int.max)
    let plane = x.shape[2...].reduce(1, *)
    let values = x.doubles()
    let reduced = (0..<x.shape[0] * x.shape[1]).map { reduce(values[$0 * plane..<($0 + 1) * plane]) }
    return [.tensor(Tensor(doubles: reduced, x.dtype, x.shape[..<2] + x.shape[2...].map { _ in 1 }))]
  }
}
