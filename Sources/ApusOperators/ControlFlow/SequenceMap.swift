public import ApusCore

/// A body run for every element of the first input, a sequence; other inputs that are sequences go in step, tensors are
/// passed whole. What the body captures follows the inputs. Each output is the sequence of the body's results.
/// ONNX SequenceMap 17.
public struct SequenceMap: BodyOperator {
  public var body = Graph()
  public var captureCount = 0

  public static var importers: [Importer] {
    [
      .onnx("SequenceMap", since: 17) { node in
        SequenceMap(body: try node.require("body", node.graph("body")), captureCount: node.captures)
      }
    ]
  }

  public init() {}
  public init(body: Graph, captureCount: Int) {
    self.body = body
    self.captureCount = captureCount
  }

  public var bodies: [Graph] {
    get { [body] }
    set { body = newValue[0] }
  }

  public func typedBodies(_ context: InferenceContext) throws -> [Graph]? { [try typed(context)] }

  /// The body with types that hold for every element.
  private func typed(_ context: InferenceContext) throws -> Graph {
    _ = try context.sequenceElement(0)
    let given = context.inputs.compactMap { $0 }
    guard given.count == context.inputs.count else {
      throw OperatorError(.wrongInputCount, "an input is missing")
    }
    let formal = given.count - captureCount
    let types = try given.indices.map { index -> ValueType in
      guard index < formal, case .sequence = given[index] else { return given[index] }
      return try context.sequenceElement(index)
    }
    return try body.inferred(inputs: types, symbols: context.symbols)
  }

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    let typed = try typed(context)
    let inside = Set(typed.inputs.flatMap { typed[$0].type.tensor?.shape ?? [] })
    // A size that the body computes may differ from element to element.
    return typed.outputTypes.map { type in
      .sequence(
        type.mappingSizes { $0.value != nil || inside.contains($0) ? $0 : context.fresh(SequenceSizes.hint) })
    }
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let given = operands.values.compactMap { $0 }
    let formal = given.count - captureCount
    let count = try operands.sequence(0).items.count
    let interpreter = try GraphInterpreter(body)
    var results = [[Value]](repeating: [], count: body.outputs.count)
    for step in 0..<count {
      let inputs = try given.indices.map { index -> Value in
        guard index < formal, case .sequence(let items, _) = given[index] else { return given[index] }
        guard items.count == count else {
          throw OperatorError(.invalidValue, "the sequences have \(count) and \(items.count) elements")
        }
        return items[step]
      }
      for (place, result) in try interpreter.run(inputs).enumerated() { results[place].append(result) }
    }
    let context = InferenceContext(inputs: given.map(\.type), outputCount: body.outputs.count)
    return try zip(results, infer(context)).map { items, type in
      guard case .sequence(let element) = type else { return .sequence(items, element: type) }
      return .sequence(items, element: element)
    }
  }
}
