public import ApusCore

/// Arithmetic on two tensors of one element type, with broadcasting.
public protocol BinaryArithmetic: Operator {
  /// Element types of both operands.
  static var elementTypes: ElementTypes { get }
  /// For floating-point types.
  func apply(_ a: Double, _ b: Double) -> Double
  /// For integer types, wrapping; `unsigned` says that the 64 bits are a UInt64.
  func apply(_ a: Int64, _ b: Int64, unsigned: Bool) -> Int64
  /// For shape arithmetic on elements of type `dtype`; nil where the result is no rational expression.
  func combine(_ a: Contents.Element, _ b: Contents.Element, _ dtype: DType) -> Contents.Element?
}

extension BinaryArithmetic {
  public static var elementTypes: ElementTypes { .numbers }
  public var traits: OperatorTraits { .elementwise }

  public func combine(_ a: Contents.Element, _ b: Contents.Element, _ dtype: DType) -> Contents.Element? {
    nil
  }

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    [.tensor(try context.broadcast(Self.elementTypes, count: 2))]
  }

  public func propagate(_ context: InferenceContext) -> [Contents?] {
    guard let a = context.contents(0), let b = context.contents(1),
      let shape = try? Broadcasting.shape([a.shape, b.shape]), shape.elementCount <= Contents.limit
    else { return [] }
    let (x, y) = (
      Broadcasting.positions(of: a.shape, over: shape), Broadcasting.positions(of: b.shape, over: shape)
    )
    var elements: [Contents.Element] = []
    for (i, j) in zip(x, y) {
      guard let element = combine(a.elements[i], b.elements[j], a.dtype) else {
        return evaluatedContents(context)
      }
      elements.append(element)
    }
    return [Contents(a.dtype, shape, elements)]
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let (a, b) = (try operands.tensor(0, Self.elementTypes), try operands.tensor(1, Self.elementTypes))
    let shape = try Broadcasting.shape([a.shape, b.shape])
    let (x, y) = (
      Broadcasting.positions(of: a.shape, over: shape), Broadcasting.positions(of: b.shape, over: shape)
    )
    if a.dtype.isInteger && b.dtype.isInteger {
      let (p, q) = (a.integers(), b.integers())
      let unsigned = a.dtype.isUnsignedInteger
      return [
        .tensor(Tensor(integers: zip(x, y).map { apply(p[$0], q[$1], unsigned: unsigned) }, a.dtype, shape))
      ]
    }
    let (p, q) = (a.doubles(), b.doubles())
    return [.tensor(Tensor(doubles: zip(x, y).map { apply(p[$0], q[$1]) }, a.dtype, shape))]
  }
}

extension InferenceContext {
  /// The broadcast type of the first `count` inputs (nil: all), which must share one element type of `types`.
  func broadcast(_ types: ElementTypes, count: Int? = nil) throws -> TensorType {
    let operands = try (0..<(count ?? inputs.count)).map { try tensor($0) }
    guard let first = operands.first else {
      throw OperatorError(.wrongInputCount, "the operator needs at least one input")
    }
    try types.check(first.dtype)
    for operand in operands where operand.dtype != first.dtype {
      throw OperatorError(
        .typeMismatch, "operands are \(first.dtype.rawValue) and \(operand.dtype.rawValue)",
        fix: "cast one to the other's type")
    }
    return TensorType(first.dtype, try Broadcasting.shape(operands.map(\.shape)))
  }
}
