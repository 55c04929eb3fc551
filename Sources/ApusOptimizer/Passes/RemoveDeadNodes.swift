public import ApusCore

/// Removes nodes and constants that no output depends on.
public struct RemoveDeadNodes: Pass {
  public init() {}

  public func run(_ graph: inout Graph, _ context: PassContext) throws -> Int { graph.removeDead() }
}
