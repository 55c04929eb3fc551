import ApusCore

/// A set of element types that an operator takes, with its name for messages.
public struct ElementTypes: Sendable {
  let name: String
  let contains: @Sendable (DType) -> Bool

  /// `f16`, `bf16`, `f32`, `f64`.
  public static let floats = ElementTypes(name: "f16, bf16, f32, f64") { $0.isFloat && !$0.isMiniFloat }
  public static let integers = ElementTypes(name: "an integer type") { $0.isInteger }
  /// Floats and integers.
  public static let numbers = ElementTypes(name: "a float or integer type") {
    $0.isInteger || $0.isFloat && !$0.isMiniFloat
  }
  /// Floats and integers with a sign.
  public static let signed = ElementTypes(name: "a float or signed integer type") {
    $0.isSignedInteger || $0.isFloat && !$0.isMiniFloat
  }
  public static let bool = ElementTypes(name: "bool") { $0 == .bool }
  /// Numbers and bool.
  public static let numbersAndBool = ElementTypes(name: "a number type or bool") {
    $0 == .bool || numbers.contains($0)
  }
  public static let any = ElementTypes(name: "any type") { _ in true }

  /// Throws when `dtype` is outside the set.
  func check(_ dtype: DType, _ what: String = "input") throws {
    guard !contains(dtype) else { return }
    throw OperatorError(
      .unsupportedType, "\(what) has element type \(dtype.rawValue)", value: dtype.rawValue, allowed: name,
      fix: "insert a Cast before the node")
  }
}

extension Operands {
  /// The tensor at `index`, which must hold `types`.
  func tensor(_ index: Int, _ types: ElementTypes) throws -> Tensor {
    let tensor = try tensor(index)
    try types.check(tensor.dtype, "input \(index)")
    return tensor
  }
}
