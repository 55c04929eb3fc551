public import ApusCore

/// Elementwise operators over one shape as one operator: its body is a graph of them, broadcasts included. One kernel
/// runs it, so that intermediate results never reach memory.
public struct Pointwise: Operator {
  /// Inputs and outputs correspond to the node's; every node is elementwise.
  public var body = Graph()

  public init() {}
  public init(body: Graph) { self.body = body }

  public var traits: OperatorTraits { .elementwise }

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    guard context.inputs.count == body.inputs.count else {
      throw OperatorError(
        .wrongInputCount, "the body takes \(body.inputs.count) inputs, the node has \(context.inputs.count)")
    }
    var typed = body
    for (id, type) in zip(body.inputs, context.inputs) {
      if let type { typed.setType(of: id, to: type) }
    }
    for id in typed.topologicalOrder() ?? [] { try typed.inferTypes(of: id, symbols: context.symbols) }
    return typed.outputs.map { typed[$0].type }
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    try GraphInterpreter(body).run(operands.values.compactMap { $0 })
  }
}
