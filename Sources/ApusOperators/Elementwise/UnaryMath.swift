public import ApusCore

/// An operator that maps every element by one real function and keeps type and shape.
public protocol UnaryMath: Operator {
  /// The function in double precision; the result is rounded to the element type once.
  func apply(_ x: Double) -> Double
}

extension UnaryMath {
  public func infer(_ context: InferenceContext) throws -> [ValueType] { [.tensor(try context.tensor(0))] }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let x = try operands.tensor(0)
    return [.tensor(Tensor(doubles: x.doubles().map(apply), x.dtype, x.shape))]
  }

  public var traits: OperatorTraits { .elementwise }
}
