/// What the ONNX standard says of one version of an operator.
struct OperatorSchema: Sendable {
  enum Parameter: Character { case single = "s", optional = "o", variadic = "v" }

  let since: Int
  let inputCount: ClosedRange<Int>
  let outputCount: ClosedRange<Int>
  let inputs: [Parameter]
  let outputs: [Parameter]
  let isDeprecated: Bool
  let attributes: [Attribute]

  struct Attribute: Sendable {
    let name: String
    let type: Int
    let isRequired: Bool
  }
}

/// The generated table of operators; a line is taken apart when it is asked for.
struct SchemaTable: Sendable {
  static let shared = SchemaTable(OperatorSchemas.text)

  private struct Line: Sendable {
    let since: Int
    let rest: Substring
  }

  private let lines: [ImporterTable.Key: [Line]]

  init(_ text: String) {
    var lines: [ImporterTable.Key: [Line]] = [:]
    for line in text.split(separator: "\n") {
      let fields = line.split(separator: "|", maxSplits: 3, omittingEmptySubsequences: false)
      guard fields.count == 4, let since = Int(fields[2]) else { continue }
      let key = ImporterTable.Key(domain: String(fields[0]), opType: String(fields[1]))
      lines[key, default: []].append(Line(since: since, rest: fields[3]))
    }
    self.lines = lines
  }

  /// The schema in force at `version`; nil for operators that the standard does not have there.
  func schema(domain: String, opType: String, version: Int) -> OperatorSchema? {
    let known = lines[ImporterTable.Key(domain: domain, opType: opType)] ?? []
    return known.last { $0.since <= version }.flatMap { Self.parse($0) }
  }

  /// The first version that has the operator; nil for operators that the standard does not know.
  func firstVersion(domain: String, opType: String) -> Int? {
    lines[ImporterTable.Key(domain: domain, opType: opType)]?.first?.since
  }

  func knows(domain: String) -> Bool { OperatorSchemas.newest[domain] != nil }

  /// Domain and name of every operator.
  var operators: [ImporterTable.Key] { Array(lines.keys) }

  private static func parse(_ line: Line) -> OperatorSchema? {
    let fields = line.rest.split(separator: "|", omittingEmptySubsequences: false)
    guard fields.count == 4, let inputs = formal(fields[0]), let outputs = formal(fields[1]) else {
      return nil
    }
    let attributes = fields[3].split(separator: " ").compactMap { text -> OperatorSchema.Attribute? in
      let parts = text.split(separator: ":")
      guard parts.count == 2, let type = Int(parts[1].prefix { $0 != "!" }) else { return nil }
      return OperatorSchema.Attribute(name: String(parts[0]), type: type, isRequired: parts[1].hasSuffix("!"))
    }
    return OperatorSchema(
      since: line.since, inputCount: inputs.0, outputCount: outputs.0, inputs: inputs.1, outputs: outputs.1,
      isDeprecated: fields[2] == "d", attributes: attributes)
  }

  private static func formal(_ text: Substring) -> (ClosedRange<Int>, [OperatorSchema.Parameter])? {
    let parts = text.split(separator: ",", omittingEmptySubsequences: false)
    guard parts.count == 3, let low = Int(parts[0]) else { return nil }
    let high = Int(parts[1]) ?? .max
    return (low...max(low, high), parts[2].compactMap(OperatorSchema.Parameter.init))
  }
}
