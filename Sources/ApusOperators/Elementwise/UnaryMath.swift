public import ApusCore

/// An operator that maps every element by one real function and keeps type and shape.
public protocol UnaryMath: Operator {
  /// Element types of the input.
  static var elementTypes: ElementTypes { get }
  /// The function in double precision; the result is rounded to the element type once.
  func apply(_ x: Double) -> Double
  /// The function on integers, wrapping; `unsigned` says that the 64 bits are a UInt64.
  func apply(_ x: Int64, unsigned: Bool) -> Int64
  /// For shape arithmetic; nil where the result is no rational expression.
  func combine(_ x: Contents.Element) -> Contents.Element?
}

extension UnaryMath {
  public static var elementTypes: ElementTypes { .floats }
  public var traits: OperatorTraits { .elementwise }

  public func apply(_ x: Int64, unsigned: Bool) -> Int64 {
    Tensor(doubles: [apply(unsigned ? Double(UInt64(bitPattern: x)) : Double(x))], .i64, [1]).integers()[0]
  }

  public func combine(_ x: Contents.Element) -> Contents.Element? { nil }

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    let x = try context.tensor(0)
    try Self.elementTypes.check(x.dtype)
    return [.tensor(x)]
  }

  public func propagate(_ context: InferenceContext) -> [Contents?] {
    guard let x = context.contents(0) else { return [] }
    let elements = x.elements.compactMap(combine)
    guard elements.count == x.elements.count else { return evaluatedContents(context) }
    return [Contents(x.dtype, x.shape, elements)]
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let x = try operands.tensor(0, Self.elementTypes)
    if x.dtype.isInteger {
      let unsigned = x.dtype.isUnsignedInteger
      let results = x.integers().map { apply($0, unsigned: unsigned) }
      return [.tensor(Tensor(integers: results, x.dtype, x.shape))]
    }
    return [.tensor(Tensor(doubles: x.doubles().map { apply($0) }, x.dtype, x.shape))]
  }
}
