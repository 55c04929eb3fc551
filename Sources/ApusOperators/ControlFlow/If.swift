public import ApusCore

/// One of two bodies, by a condition of one element. Further inputs are what the bodies capture; each body takes all
/// of them. ONNX If 1, 11, 13, 16, 19, 21, 23, 24, 25.
public struct If: BodyOperator {
  public var thenBranch = Graph()
  public var elseBranch = Graph()

  public static var importers: [Importer] {
    [
      .onnx("If") { node in
        If(
          thenBranch: try node.require("then_branch", node.graph("then_branch")),
          elseBranch: try node.require("else_branch", node.graph("else_branch")))
      }
    ]
  }

  public init() {}
  public init(thenBranch: Graph, elseBranch: Graph) {
    self.thenBranch = thenBranch
    self.elseBranch = elseBranch
  }

  /// The branch that a condition known before running takes, with its types.
  private func taken(_ context: InferenceContext) throws -> Graph? {
    guard let condition = context.integers(0), condition.count == 1 else { return nil }
    return try typed(condition[0] != 0 ? thenBranch : elseBranch, context)
  }

  private func typed(_ branch: Graph, _ context: InferenceContext) throws -> Graph {
    let captured = context.inputs.indices.dropFirst()
    let types = captured.compactMap { context.inputs[$0] }
    guard types.count == captured.count else {
      throw OperatorError(.wrongInputCount, "a captured value is missing")
    }
    return try branch.inferred(
      inputs: types, contents: captured.map { context.contents($0) }, symbols: context.symbols)
  }

  public var bodies: [Graph] {
    get { [thenBranch, elseBranch] }
    set { (thenBranch, elseBranch) = (newValue[0], newValue[1]) }
  }

  public func typedBodies(_ context: InferenceContext) throws -> [Graph]? {
    [try typed(thenBranch, context), try typed(elseBranch, context)]
  }

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    let condition = try context.tensor(0)
    guard condition.dtype == .bool else {
      throw OperatorError(.typeMismatch, "the condition is \(condition.dtype.rawValue)", allowed: "bool")
    }
    if let taken = try taken(context) { return taken.outputTypes }
    let (a, b) = (
      try typed(thenBranch, context).outputTypes, try typed(elseBranch, context).outputTypes
    )
    guard a.count == b.count else {
      throw OperatorError(.invalidGraph, "the branches give \(a.count) and \(b.count) outputs")
    }
    return try zip(a, b).map { try $0.widened(with: $1) { _, _ in context.fresh("if") } }
  }

  public func propagate(_ context: InferenceContext) -> [Contents?] {
    guard let taken = try? taken(context) else { return [] }
    return taken.outputs.map { output in
      taken[output].contents ?? taken[output].constant.flatMap { Contents($0) }
    }
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let condition = try operands.tensor(0)
    guard condition.elementCount == 1 else {
      throw OperatorError(.shapeMismatch, "the condition has \(condition.elementCount) elements, not one")
    }
    let branch = condition.integers()[0] != 0 ? thenBranch : elseBranch
    return try GraphInterpreter(branch).run(operands.values.dropFirst().compactMap { $0 })
  }
}
