public import ApusCore

/// Runs the reference of an operator as a step of a plan: what a device without a tactic falls back to.
///
/// It allocates, so it is counted apart in reports.
struct ReferenceKernel: Sendable {
  let op: any Operator

  /// The operator printed by `text(of:)`.
  init(parsing text: String, catalogue: OperatorCatalogue, constants: [Tensor]) throws {
    let graph = try GraphParser.parse(text, catalogue: catalogue, constants: constants)
    guard let node = graph.allNodes.first else {
      throw ApusError(.internal, Problem(.internalError, "a step holds no operator"))
    }
    op = node.op
  }

  func run(_ inputs: [Value?], outputCount: Int) throws -> [Value] {
    try op.evaluate(Operands(inputs, outputCount: outputCount))
  }
}

extension PlanStep {
  /// An operator alone, in the text form: a graph of one node without inputs.
  public static func text(of op: any Operator) -> (text: String, constants: [Tensor]) {
    var graph = Graph(name: "step")
    graph.addNode(op, [], outputs: [])
    var printer = GraphPrinter()
    printer.inlineLimit = .max
    let text = printer.print(graph)
    return (text, printer.constants)
  }
}
