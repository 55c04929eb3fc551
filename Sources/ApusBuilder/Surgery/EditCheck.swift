import ApusCore
public import ApusONNX

/// Holds an edited model against the one it was made from, on random inputs.
public struct EditCheck: Sendable {
  public var run: ModelRun
  public var seed: UInt64 = 0
  public var symbols: [String: Int] = [:]
  public var rtol = 1e-3
  public var atol = 1e-5

  public init(_ run: ModelRun) { self.run = run }

  /// One comparison an output of `edited`. Inputs that are inner values of `original` get what it computes there.
  ///
  /// - Throws: Where one of the models does not import or run.
  public func comparisons(_ original: EditableModel, _ edited: EditableModel) throws -> [Comparison] {
    let inputs = try run.randomInputs(of: original, seed: seed, symbols: symbols)
    let inner = edited.inputNames.filter { inputs[$0] == nil && !edited.initializerNames.contains($0) }
    let wanted = edited.outputNames
    let expected = try run.values(Array(Set(wanted + inner)).sorted(), in: original, inputs)
    let feeds = inputs.merging(expected.filter { inner.contains($0.key) }) { given, _ in given }
    let actual = try run.outputs(of: edited, feeds)
    return try wanted.map { name in
      guard let e = expected[name], let a = actual[name] else {
        throw ApusError(.internal, Problem(.internalError, "output '\(name)' was not computed", value: name))
      }
      guard let e = e.tensor, let a = a.tensor else { return Self.comparison(of: name, a, e, rtol, atol) }
      return Comparison(name, actual: a, expected: e, rtol: rtol, atol: atol)
    }
  }

  /// Sequences and optionals are equal or not.
  private static func comparison(
    of name: String, _ actual: Value, _ expected: Value, _ rtol: Double, _ atol: Double
  ) -> Comparison {
    let isEqual = ValueDifference.find(actual, expected, rtol: rtol, atol: atol) == nil
    let flag = { (value: Bool) in Tensor(doubles: [value ? 1 : 0], .f32, [1]) }
    return Comparison(name, actual: flag(isEqual), expected: flag(true))
  }
}
