public import ApusCore

/// Changes the case of strings and removes those that are stop words, from `[C]` or `[1, C]`; one empty string where none
/// is left. ONNX StringNormalizer 10 (without locales: case is Unicode's).
public struct StringNormalizer: Operator {
  public enum CaseChange: String, Hashable, Sendable, Codable { case none, lower, upper }

  public var caseChange = CaseChange.none
  public var isCaseSensitive = false
  public var stopwords: [String] = []

  public static var importers: [Importer] {
    [
      .onnx("StringNormalizer", since: 10) { node in
        var op = StringNormalizer()
        let action = try node.string("case_change_action", default: "NONE")
        guard let change = CaseChange(rawValue: action.lowercased()) else {
          throw OperatorError(
            .invalidAttribute, "unknown change of case", attribute: "case_change_action", value: action,
            allowed: "NONE, LOWER, UPPER")
        }
        op.caseChange = change
        op.isCaseSensitive = try node.bool("is_case_sensitive", default: false)
        op.stopwords = try node.strings("stopwords") ?? []
        return op
      }
    ]
  }

  public init() {}

  private func check(_ rank: Int, first: Int?) throws {
    guard rank == 1 || rank == 2 && first ?? 1 == 1 else {
      throw OperatorError(.shapeMismatch, "the input has rank \(rank)", allowed: "[C] or [1, C]")
    }
  }

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    let x = try context.tensor(0)
    try ElementTypes.strings.check(x.dtype)
    guard let shape = x.shape else { return [.tensor(.string, nil)] }
    try check(shape.count, first: shape.first?.value)
    return [.tensor(.string, shape.dropLast() + [context.fresh("words")])]
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let x = try operands.tensor(0, .strings)
    try check(x.rank, first: x.shape.first)
    let stops = Set(isCaseSensitive ? stopwords : stopwords.map { $0.lowercased() })
    var kept = x.strings.filter { !stops.contains(isCaseSensitive ? $0 : $0.lowercased()) }.map(changed)
    if kept.isEmpty { kept = [""] }
    return [.tensor(Tensor(strings: kept, shape: x.shape.dropLast() + [kept.count]))]
  }

  private func changed(_ text: String) -> String {
    switch caseChange {
    case .none: text
    case .lower: text.lowercased()
    case .upper: text.uppercased()
    }
  }
}
