/// A way from a source format's spelling of an operator into the IR.
public struct Importer: Sendable {
  /// Where a spelling comes from.
  public enum Format: String, Sendable, Hashable { case onnx, torch }

  public let format: Format
  public let domain: String
  public let opType: String
  /// Versions of the operator set in which this spelling means this; the upper bound is the last such version.
  public let versions: ClosedRange<Int>
  /// Adds nodes for `node` and returns one value an output of it (nil: not produced).
  public let build: @Sendable (SourceNode, ImportScope) throws -> [ValueID?]

  public init(
    _ format: Format, domain: String, opType: String, versions: ClosedRange<Int>,
    build: @escaping @Sendable (SourceNode, ImportScope) throws -> [ValueID?]
  ) {
    self.format = format
    self.domain = domain
    self.opType = opType
    self.versions = versions
    self.build = build
  }

  /// One ONNX node becomes one node of the IR with the same inputs and outputs.
  public static func onnx(
    _ opType: String, since: Int = 1, until: Int = .max, domain: String = "",
    _ make: @escaping @Sendable (SourceNode) throws -> any Operator
  ) -> Importer {
    Importer(.onnx, domain: domain, opType: opType, versions: since...until) { node, scope in
      try scope.add(make(node), node.inputs, for: node)
    }
  }

  /// One ONNX node becomes whatever `build` adds.
  public static func onnx(
    _ opType: String, since: Int = 1, until: Int = .max, domain: String = "",
    building build: @escaping @Sendable (SourceNode, ImportScope) throws -> [ValueID?]
  ) -> Importer {
    Importer(.onnx, domain: domain, opType: opType, versions: since...until, build: build)
  }
}

/// The graph under construction, as importers see it.
public final class ImportScope {
  public var graph: Graph
  /// Shared by the bodies of one model.
  public let symbols: SymbolSource
  /// Where new nodes say they come from, when an importer adds several for one source node.
  public var source: String = ""

  public init(graph: Graph, symbols: SymbolSource) {
    self.graph = graph
    self.symbols = symbols
  }

  /// Adds the node that stands for `node`, with its name and output names; types are inferred at once.
  @discardableResult
  public func add(_ op: any Operator, _ inputs: [ValueID?], for node: SourceNode) throws -> [ValueID?] {
    let added = graph.addNode(
      op, inputs, outputs: node.outputs.map { $0.isEmpty ? nil : $0 }, name: node.name, sources: [node.name])
    try graph.inferTypes(of: added, symbols: symbols)
    return graph[added].outputs
  }

  /// Adds a helper node with one output named after the source node.
  public func add(_ op: any Operator, _ inputs: [ValueID?], _ hint: String = "") throws -> ValueID {
    try add(op, inputs, outputs: 1, hint)[0]
  }

  /// Adds a helper node with several outputs.
  public func add(_ op: any Operator, _ inputs: [ValueID?], outputs count: Int, _ hint: String = "") throws
    -> [ValueID]
  {
    let name = hint.isEmpty ? source : "\(source)/\(hint)"
    let added = graph.addNode(
      op, inputs, outputs: (0..<count).map { count == 1 ? name : "\(name).\($0)" }, name: name,
      sources: [source])
    try graph.inferTypes(of: added, symbols: symbols)
    return graph[added].outputs.compactMap { $0 }
  }

  /// A constant value.
  public func constant(_ tensor: Tensor, _ name: String = "") -> ValueID {
    graph.addConstant(tensor, name: name)
  }

  /// A vector of INT64, as axes and sizes are.
  public func constant(_ integers: [Int]) -> ValueID {
    graph.addConstant(Tensor(integers.map(Int64.init)), name: "")
  }

  /// Type of a value.
  public func type(_ value: ValueID) -> ValueType { graph[value].type }

  /// Contents of a constant value, or what shape arithmetic knows of it.
  public func known(_ value: ValueID?) -> Tensor? {
    guard let value else { return nil }
    return graph[value].constant ?? graph[value].contents?.tensor
  }
}
