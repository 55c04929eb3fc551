public import ApusCore
import ApusOperators

/// Runs the passes on the bodies of If, Loop, Scan and SequenceMap, under types that hold whenever they run.
public struct OptimizeBodies: Pass {
  public init() {}

  public func run(_ graph: inout Graph, _ context: PassContext) throws -> Int {
    let pass = context.currentPass
    defer { context.currentPass = pass }
    let symbols = graph.symbolSource()
    var changes = 0
    for id in graph.topologicalOrder() ?? [] where !context.isExhausted {
      guard var op = graph[id].op as? any BodyOperator,
        // A branch that is never taken may not fit its inputs.
        var bodies = try? op.typedBodies(graph.inferenceContext(of: graph[id], symbols: symbols))
      else { continue }
      let before = context.firings.count
      for index in bodies.indices { _ = try Pipeline.body.run(&bodies[index], context) }
      guard context.firings.count > before else { continue }
      op.bodies = bodies
      graph.setOperator(of: id, to: op)
      try graph.inferTypes(of: id, symbols: symbols)
      changes += context.firings.count - before
    }
    return changes
  }
}
