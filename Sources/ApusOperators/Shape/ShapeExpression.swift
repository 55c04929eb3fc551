public import ApusCore

/// A small tensor that follows from the shapes of the graph's inputs: what shape arithmetic becomes. It has no inputs;
/// whoever binds the shapes evaluates it.
public struct ShapeExpression: Operator {
  public var dtype = DType.i64
  public var shape: [Int] = []
  public var numerators: [Dim] = [0]
  /// One for each numerator; empty: all 1.
  public var denominators: [Int] = []

  public init() {}

  public init(_ contents: Contents) {
    dtype = contents.dtype
    shape = contents.shape
    numerators = contents.elements.map(\.numerator)
    let divisors = contents.elements.map(\.denominator)
    denominators = divisors.allSatisfy { $0 == 1 } ? [] : divisors
  }

  public var contents: Contents {
    Contents(
      dtype, shape,
      numerators.enumerated().map {
        Contents.Element($1, over: $0 < denominators.count ? denominators[$0] : 1)
      })
  }

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    guard shape.elementCount == numerators.count else {
      throw OperatorError(.shapeMismatch, "\(numerators.count) elements for shape \(shape)")
    }
    return [.tensor(dtype, Shape(shape))]
  }

  public func propagate(_ context: InferenceContext) -> [Contents?] { [contents] }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    guard let tensor = contents.tensor else {
      throw OperatorError(
        .invalidValue,
        "the sizes that \(contents.symbols.sorted().joined(separator: ", ")) stand for are not known")
    }
    return [.tensor(tensor)]
  }

  /// The tensor for given symbols; nil when one is missing.
  public func evaluate(_ symbols: [String: Int]) -> Tensor? { contents.evaluate(symbols) }
}
