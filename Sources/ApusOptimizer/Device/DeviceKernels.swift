public import ApusCore

/// What a device has kernels for, as passes ask that make operators which only some devices know.
public protocol DeviceKernels: Sendable {
  /// Whether any kernel serves an operator.
  func serves(_ op: any Operator) -> Bool

  /// Whether a kernel runs a node as it stands in a graph.
  func runs(_ node: Graph.Node, in graph: Graph) -> Bool
}
