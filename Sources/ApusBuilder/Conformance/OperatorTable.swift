public import ApusOperators
public import ApusCore
import ApusONNX

/// `Docs/Operators.md`: operator by device by precision.
public struct OperatorTable {
  /// One operator.
  public struct Row: Sendable, Encodable {
    public var `operator`: String
    /// Those in which it is imported.
    public var operatorSets: String
    /// Whether only the function body of the standard imports it.
    public var isInlined: Bool
    /// How it runs, by the column's name.
    public var runs: [String: String]
  }

  private let columns: [OperatorSurvey.Column]
  private let found: OperatorSurvey.Findings
  private let operators: [StandardOperator]

  /// Surveys the cases, of which those of a single node count.
  public init(
    _ survey: OperatorSurvey, cases: [ConformanceCase], threads: Int,
    catalogue: OperatorCatalogue = .withPlugins
  ) {
    columns = survey.columns
    found = survey.run(cases, threads: threads)
    operators = StandardOperator.all(catalogue: catalogue)
  }

  /// For each column of exact FP32 by its name, the cases of which a step runs on the CPU or by a reference.
  public var hosted: [String: [String]] {
    let exact = columns.indices.filter { columns[$0].precision == nil }
    return Dictionary(exact.map { (columns[$0].name, found.hosted[$0]) }) { first, _ in first }
  }

  /// The operators that are imported.
  public var rows: [Row] { operators.filter { !$0.opsets.isEmpty }.map(row) }

  /// The document, `command` being what renews it.
  public func markdown(command: String) -> String {
    var lines = [
      "# Operators", "",
      "Written by `\(command)`; a test fails when it is stale.", "",
      "Every operator of the ONNX standard, the operator sets in which it is imported, and how it runs, found by"
        + " lowering the conformance cases that consist of one node, as `apus optimize --precision …` lowers models;"
        + " all inputs but the first count as constants where that is better, as models have their weights."
        + " GPU columns are those of an H100; no GPU is needed to write them.", "",
      "- **GPU**, **CPU**: a kernel there; with a precision's name, its elements have that precision.",
      "- **reference**: the operator's plain reference on the CPU: right, not quick. **mixed**: of several steps"
        + " some run so.",
      "- **free**: nothing is left to run. Several entries: different cases run in different ways, with their counts.",
      "- **–**: not imported or not lowered. **no case**: imported, but no case consists of it alone. *inlined*: by the"
        + " function body of the standard.", "",
      "All cases together, those of several nodes (function bodies) too, the least of a case's steps deciding:",
      "",
    ]
    lines += columns.indices.filter { columns[$0].precision == nil }.map {
      "- \(columns[$0].name): \(cell(found.shares[$0], columns[$0]))."
    }
    lines += [
      "",
      "| operator | operator sets | " + columns.map(\.name).joined(separator: " | ") + " |",
      "|---|---|" + columns.map { _ in "---|" }.joined(),
    ]
    lines += rows.map { row in
      let cells = columns.map { row.runs[$0.name] ?? "" }.joined(separator: " | ")
      return "| \(row.operator)\(row.isInlined ? " (inlined)" : "") | \(row.operatorSets) | \(cells) |"
    }
    lines += ["", "Not imported:", ""]
    lines += missing.map { reason, names in "- \(names.joined(separator: ", ")): \(reason)." }
    return lines.joined(separator: "\n") + "\n"
  }

  private func row(_ item: StandardOperator) -> Row {
    let name = item.domain.isEmpty ? item.opType : "\(item.domain).\(item.opType)"
    let sets = item.opsets.map {
      $0.lowerBound == $0.upperBound ? "\($0.lowerBound)" : "\($0.lowerBound)–\($0.upperBound)"
    }
    let key = OperatorSurvey.Key(domain: item.domain, opType: item.opType)
    let cells = columns.indices.map { cell(found.ways[key]?[$0] ?? [:], columns[$0]) }
    return Row(
      operator: name, operatorSets: sets.joined(separator: ", "), isInlined: item.isInlined,
      runs: Dictionary(zip(columns.map(\.name), cells)) { first, _ in first })
  }

  private func cell(_ ways: [OperatorSurvey.Way: Int], _ column: OperatorSurvey.Column) -> String {
    let known = OperatorSurvey.Way.allCases.compactMap { way in ways[way].map { (way, $0) } }
    guard known.count > 1 else { return known.first.map { text($0.0, column) } ?? "no case" }
    return known.map { "\(text($0.0, column)) \($0.1)" }.joined(separator: ", ")
  }

  private func text(_ way: OperatorSurvey.Way, _ column: OperatorSurvey.Column) -> String {
    let precision = column.precision?.rawValue.uppercased() ?? ""
    return switch way {
    case .reducedGPU: "GPU \(precision)"
    case .reducedCPU: "CPU \(precision)"
    default: way.rawValue
    }
  }

  /// Operators that are not imported, by reason.
  private var missing: [(String, [String])] {
    let groups = Dictionary(grouping: operators.filter(\.opsets.isEmpty)) {
      OutOfScope.reason(operator: $0.opType, domain: $0.domain) ?? "not written"
    }
    return groups.sorted { $0.key < $1.key }.map { ($0.key, $0.value.map(\.opType)) }
  }
}
