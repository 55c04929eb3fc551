/// A local rewrite: a pattern, a check that may refuse with a reason, and the replacement.
///
/// One file each in `ApusOptimizer/Rules`, the type named as the sentence that it performs.
public protocol Rule: Sendable {
  /// What `check` found out and `rewrite` needs.
  associatedtype Finding = Void

  /// Shapes that the rule looks for; alternatives are tried in order.
  var patterns: [Pattern] { get }

  /// Throws a `Refusal` where the pattern fits but the rewrite would be wrong or useless.
  func check(_ match: Match, in graph: Graph) throws(Refusal) -> Finding

  /// Builds the replacement; must not fail for what `check` let pass.
  func rewrite(_ match: Match, _ finding: Finding, _ patch: inout Patch) throws
}

extension Rule {
  /// The type's name.
  public var name: String { String(describing: Self.self) }
}

/// Why a rule did not fire although its pattern fits.
public struct Refusal: Error, Sendable {
  public let reason: String
  public init(_ reason: String) { self.reason = reason }
}

/// The graph while one rule rewrites one match: new nodes inherit place and provenance from the match.
public struct Patch {
  public private(set) var graph: Graph
  let rule: String
  let rank: Int
  private var sources: [String]
  private var history: [String]
  let rootName: String
  let symbols: SymbolSource
  var added: [NodeID] = []

  init(graph: consuming Graph, match: Match, rule: String, symbols: SymbolSource) {
    let root = graph[match.root]
    rank = root.rank
    rootName = root.name
    let nodes = match.matched.map { graph[$0] }.sorted { $0.rank < $1.rank }
    sources = Self.unique(nodes.flatMap(\.sources))
    history = Self.unique(nodes.flatMap(\.history)) + [rule]
    self.graph = graph
    self.rule = rule
    self.symbols = symbols
  }

  private static func unique(_ names: [String]) -> [String] {
    var seen: Set<String> = []
    return names.filter { seen.insert($0).inserted }
  }

  /// Takes over the provenance of nodes that `check` found beyond the pattern.
  public mutating func absorb(_ nodes: [NodeID]) {
    let nodes = nodes.map { graph[$0] }
    sources = Self.unique(sources + nodes.flatMap(\.sources))
    history = Self.unique(nodes.flatMap(\.history) + history.dropLast()) + [rule]
  }

  /// Adds a node with one output; its types are inferred.
  public mutating func add(_ op: any Operator, _ inputs: [ValueID?], name: String? = nil) throws -> ValueID {
    let outputs = try add(op, inputs, outputs: 1, name: name)
    return outputs[0]
  }

  /// Adds a node with several outputs.
  public mutating func add(_ op: any Operator, _ inputs: [ValueID?], outputs count: Int, name: String? = nil)
    throws -> [ValueID]
  {
    let nodeName = name ?? rootName
    let id = graph.addNode(
      op, inputs, outputs: (0..<count).map { count == 1 ? nodeName : "\(nodeName).\($0)" }, name: nodeName,
      sources: sources, rank: rank)
    let history = history
    graph.annotate(id) { $0.history = history }
    added.append(id)
    try graph.inferTypes(of: id, symbols: symbols)
    return graph[id].outputs.compactMap { $0 }
  }

  /// Adds a constant.
  public mutating func constant(_ tensor: Tensor, name: String = "") -> ValueID {
    graph.addConstant(tensor, name: name.isEmpty ? rootName + ".constant" : name)
  }

  /// Makes every reader of `old` read `new`. The old producer dies when nobody reads it any more; a new node's value
  /// takes the name over.
  public mutating func replace(_ old: ValueID, with new: ValueID) {
    let isNew = graph[new].producer.map { added.contains($0.node) } ?? false
    if isNew, !graph.isOutput(old) { graph.swapNames(old, new) }
    graph.replaceUses(of: old, with: new)
  }

  /// Replaces an operator in place (same inputs, same output types).
  public mutating func setOperator(of node: NodeID, to op: any Operator) {
    graph.setOperator(of: node, to: op)
    let (history, sources) = (history, sources)
    graph.annotate(node) {
      $0.history = history
      $0.sources = sources
    }
  }

  /// Rewires one input.
  public mutating func setInput(_ index: Int, of node: NodeID, to value: ValueID?) {
    graph.setInput(index, of: node, to: value)
    let history = history
    graph.annotate(node) { $0.history = history }
  }

  /// Edits the graph directly, for what the other members do not cover.
  public mutating func edit<R>(_ body: (inout Graph) throws -> R) rethrows -> R { try body(&graph) }

  consuming func finish() -> Graph { graph }
}
