import ApusCore
import ApusOptimizer

/// A device that has kernels for everything but some operators.
struct AnyKernels: DeviceKernels {
  var lacking: Set<String> = []

  func serves(_ op: any Operator) -> Bool { !lacking.contains(op.operatorName) }
  func runs(_ node: Graph.Node, in graph: Graph) -> Bool { serves(node.op) }
}
