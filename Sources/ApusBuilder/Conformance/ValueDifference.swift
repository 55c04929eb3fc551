import ApusCore

/// The first difference between two values beyond tolerances.
enum ValueDifference {
  static func find(_ actual: Value, _ expected: Value, rtol: Double, atol: Double) -> String? {
    switch (actual, expected) {
    case (.tensor(let a), .tensor(let e)):
      guard a.dtype == e.dtype, a.shape == e.shape else { return "\(a.type) instead of \(e.type)" }
      let tolerance = CaseTolerance(e.dtype, rtol: rtol, atol: atol)
      let comparison = Comparison("", actual: a, expected: e, rtol: tolerance.rtol, atol: tolerance.atol)
      guard let index = comparison.firstBadIndex else { return nil }
      return
        "at \(index): \(comparison.firstBadActual ?? .nan) instead of \(comparison.firstBadExpected ?? .nan)"
    case (.sequence(let a, _), .sequence(let e, _)):
      guard a.count == e.count else { return "\(a.count) elements instead of \(e.count)" }
      return zip(a, e).lazy.compactMap { find($0, $1, rtol: rtol, atol: atol) }.first
    case (.optional(let a, _), .optional(let e, _)):
      guard let a, let e else {
        return (a == nil) == (e == nil) ? nil : "an optional is empty on one side only"
      }
      return find(a, e, rtol: rtol, atol: atol)
    case (.optional(let a?, _), _): return find(a, expected, rtol: rtol, atol: atol)
    case (_, .optional(let e?, _)): return find(actual, e, rtol: rtol, atol: atol)
    default: return "\(actual.type) instead of \(expected.type)"
    }
  }
}
