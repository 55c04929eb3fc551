public import ApusCore

extension OperatorCatalogue {
  /// Every built-in operator; each family lists its own.
  public static let standard = OperatorCatalogue(families.flatMap { $0 })

  private static let families: [[any Operator.Type]] = [
    controlFlowOperators,
    detectionOperators,
    elementwiseOperators,
    fusedOperators,
    generatorOperators,
    indexingOperators,
    nnOperators,
    quantizationOperators,
    recurrentOperators,
    reductionOperators,
    sequenceOperators,
    shapeOperators,
    textOperators,
    visionOperators,
  ]
}
