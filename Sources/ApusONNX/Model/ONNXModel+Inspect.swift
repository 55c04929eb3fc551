public import ApusCore

extension ONNXModel {
  /// How often the model uses an operator, bodies and functions included.
  public struct OperatorUse: Sendable, Hashable, Codable {
    /// "" is the default domain.
    public var domain: String
    public var opType: String
    public var opset: Int
    public var count: Int
  }

  /// All operators by domain and name.
  public var operators: [OperatorUse] {
    var counts: [ImporterTable.Key: Int] = [:]
    var pending = proto.graph.node + proto.functions.flatMap(\.node)
    while let node = pending.popLast() {
      let domain = ImporterTable.normalized(node.domain)
      counts[ImporterTable.Key(domain: domain, opType: node.opType), default: 0] += 1
      for body in FreeNames.bodies(of: node) { pending += body.node }
    }
    return counts.map {
      OperatorUse(domain: $0.domain, opType: $0.opType, opset: opsets[$0.domain] ?? 1, count: $1)
    }
    .sorted { ($0.domain, $0.opType) < ($1.domain, $1.opType) }
  }

  /// The nodes of the main graph, bodies left out: "" is the default domain.
  public var mainOperators: [(domain: String, opType: String)] {
    proto.graph.node.map { (ImporterTable.normalized($0.domain), $0.opType) }
  }

  /// Names and declared types of the inputs that are not initializers; nil: no type is declared.
  public var inputs: [(name: String, type: ValueType?)] {
    let initializers = Set(proto.graph.initializer.map(\.name))
    return proto.graph.input.filter { !initializers.contains($0.name) }.map { ($0.name, declared($0)) }
  }

  /// Names and declared types of the outputs.
  public var outputs: [(name: String, type: ValueType?)] {
    proto.graph.output.map { ($0.name, declared($0)) }
  }

  /// What keeps the model from being imported as far as its structure tells, without building a graph; types and
  /// shapes are looked at by `importGraph` only.
  public func validate(catalogue: OperatorCatalogue) -> [Problem] {
    var validator = ModelValidator(proto, table: ImporterTable(catalogue))
    validator.validate(proto, opsets: opsets)
    return inFile(validator.problems)
  }

  private func declared(_ info: Onnx_ValueInfoProto) -> ValueType? {
    (try? DeclaredTypes { .symbol("\($0)_\($1)") }.type(info.type, of: info.name)) ?? nil
  }
}
