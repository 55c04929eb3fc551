import ApusCore

extension Operator {
  /// Contents of the outputs by running the reference, when all present inputs are small and known as plain numbers.
  func evaluatedContents(_ context: InferenceContext) -> [Contents?] {
    var inputs: [Tensor?] = []
    for index in context.inputs.indices {
      guard context.isPresent(index) else {
        inputs.append(nil)
        continue
      }
      guard let tensor = context.contents(index)?.tensor else { return [] }
      inputs.append(tensor)
    }
    let outputs = try? evaluate(Operands(inputs, outputCount: context.outputCount))
    return (outputs ?? []).map { $0.tensor.flatMap { Contents($0) } }
  }
}

extension Dim {
  /// Whether the value cannot be below zero; symbols stand for sizes.
  var isNonNegative: Bool {
    switch self {
    case .constant(let value): value >= 0
    case .symbolic(let sum):
      sum.terms.allSatisfy { $0.coefficient >= 0 && $0.factors.allSatisfy(\.isNonNegative) }
    }
  }
}

extension Dim.Factor {
  fileprivate var isNonNegative: Bool {
    switch self {
    case .symbol: true
    case .floorDiv(let a, let b): a.isNonNegative && b.isNonNegative
    case .mod(_, let b): b.isNonNegative
    case .max(let a, let b): a.isNonNegative || b.isNonNegative
    case .min(let a, let b): a.isNonNegative && b.isNonNegative
    }
  }
}
