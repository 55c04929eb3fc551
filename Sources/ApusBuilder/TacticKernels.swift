import ApusCore
import ApusOptimizer
import ApusTactics

/// A device's tactics, as passes ask for them.
struct TacticKernels: DeviceKernels {
  private let tactics: TacticSet

  init(_ tactics: TacticSet) { self.tactics = tactics }

  func serves(_ op: any Operator) -> Bool { !tactics.tactics(for: op).isEmpty }

  func runs(_ node: Graph.Node, in graph: Graph) -> Bool {
    let query = TacticNode(node, in: graph)
    return tactics.tactics(for: node.op).contains { $0.supports(query).reason == nil }
  }

  func hasKernel(_ node: Graph.Node, in graph: Graph) -> Bool {
    runs(node, in: graph) || tactics.fallback.map { TacticKernels($0.set).runs(node, in: graph) } ?? false
  }
}
