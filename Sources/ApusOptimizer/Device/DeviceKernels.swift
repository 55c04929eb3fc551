public import ApusCore

/// What a device has kernels for, as passes ask that make operators which only some devices know.
public protocol DeviceKernels: Sendable {
  /// Whether any kernel serves an operator.
  func serves(_ op: any Operator) -> Bool

  /// Whether a kernel runs a node as it stands in a graph.
  func runs(_ node: Graph.Node, in graph: Graph) -> Bool

  /// Whether the device, or the host in its stead, has a kernel for a node as it stands in a graph.
  func hasKernel(_ node: Graph.Node, in graph: Graph) -> Bool
}

extension DeviceKernels {
  public func hasKernel(_ node: Graph.Node, in graph: Graph) -> Bool { runs(node, in: graph) }
}
