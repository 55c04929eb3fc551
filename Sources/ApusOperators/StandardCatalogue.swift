public import ApusCore

extension OperatorCatalogue {
  /// Every built-in operator; each family lists its own.
  public static let standard = OperatorCatalogue(elementwiseOperators + shapeOperators)
}
