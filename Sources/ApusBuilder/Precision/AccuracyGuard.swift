import ApusCore
import ApusOperators
import ApusOptimizer

/// Finds out which nodes have to stay FP32 so that an engine of lower precision keeps close to the model as imported.
///
/// Rounding grows on its way through a network, so one of its ends matters most: the shortest beginning and the shortest
/// end that are enough are found by bisection, as `polygraphy debug precision` does; of the cheaper one, the dearest
/// nodes are then lowered again where that does no harm.
struct AccuracyGuard {
  /// Least cosine of every output that will do.
  let minimum: Double
  /// Before precision is lowered.
  let graph: Graph
  /// What the graph's symbols stand for.
  let sizes: [String: Int]
  /// The least cosine over all outputs when these nodes keep FP32.
  let cosine: (Set<NodeID>) throws -> Double
  /// How often an engine was made and compared.
  private(set) var evaluations = 0

  /// Nodes that are tried for lowering again.
  private static let mostRefined = 12

  init(
    minimum: Double, graph: Graph, sizes: [String: Int], cosine: @escaping (Set<NodeID>) throws -> Double
  ) {
    self.minimum = minimum
    self.graph = graph
    self.sizes = sizes
    self.cosine = cosine
  }

  /// The nodes; empty where none needs to, nil where not even all of them are enough.
  mutating func nodesToKeep() throws -> Set<NodeID>? {
    if try passes([]) { return [] }
    let order = graph.topologicalOrder() ?? []
    let heavy = order.indices.filter { ReducePrecision.blending.contains(graph[order[$0]].opName) }
    guard !heavy.isEmpty, try passes(Set(order)) else { return nil }
    let beginning = { (count: Int) in
      Set(order[..<(count < heavy.count ? heavy[count] : order.count)])
    }
    let end = { (count: Int) in Set(order[(count < heavy.count ? heavy[heavy.count - count] : 0)...]) }
    var kept = try shortest(beginning, upTo: heavy.count)
    let affordable = (1..<heavy.count).last { work(end($0)) < work(kept) } ?? 0
    if affordable > 0, try passes(end(affordable)) { kept = try shortest(end, upTo: affordable) }
    return try refined(kept)
  }

  /// The part of least length that passes; that of length `most` does.
  private mutating func shortest(_ part: (Int) -> Set<NodeID>, upTo most: Int) throws -> Set<NodeID> {
    var (fails, passes) = (0, most)
    while passes - fails > 1 {
      let middle = (fails + passes) / 2
      if try self.passes(part(middle)) { passes = middle } else { fails = middle }
    }
    return part(passes)
  }

  private mutating func refined(_ nodes: Set<NodeID>) throws -> Set<NodeID> {
    var kept = nodes
    let dearest = nodes.filter { work($0) > 0 }.sorted { (work($0), $0.index) > (work($1), $1.index) }
    for node in dearest.prefix(Self.mostRefined) {
      let fewer = kept.subtracting([node])
      if try passes(fewer) { kept = fewer }
    }
    return kept
  }

  private mutating func passes(_ kept: Set<NodeID>) throws -> Bool {
    evaluations += 1
    return try cosine(kept) >= minimum
  }

  private func work(_ nodes: Set<NodeID>) -> Double { nodes.reduce(0) { $0 + work($1) } }

  /// Operations of a node; 0 where sizes are not known.
  private func work(_ id: NodeID) -> Double {
    let node = graph[id]
    return node.op.operationCount(inputs: node.inputs.map(shape), output: shape(node.outputs.first ?? nil))
  }

  private func shape(_ value: ValueID?) -> [Int]? {
    guard let shape = value.flatMap({ graph[$0].type.tensor?.shape }) else { return nil }
    let known = shape.compactMap { $0.evaluate(sizes) }
    return known.count == shape.count ? known : nil
  }
}
