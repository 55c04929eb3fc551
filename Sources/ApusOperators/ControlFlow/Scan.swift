public import ApusCore

/// A body run for every slice of the scanned inputs. Inputs: initial states, scanned tensors, and what the body
/// captures. The body takes states, one slice of each scanned tensor and the captures, and gives the next states and
/// elements of the scan outputs, which are stacked. ONNX Scan 9, 11, 16, 19, 21, 23, 24, 25; `BatchedScan` is Scan 8.
public struct Scan: BodyOperator {
  public var body = Graph()
  /// How many inputs are scanned.
  public var scanCount = 0
  /// How many values the body captures.
  public var captureCount = 0
  public var inputAxes: [Int] = []
  public var outputAxes: [Int] = []
  /// 1: from the end; missing entries are 0.
  public var inputDirections: [Int] = []
  public var outputDirections: [Int] = []

  public static var importers: [Importer] {
    [
      .onnx("Scan", since: 9) { node in
        var op = Scan()
        op.body = try node.require("body", node.graph("body"))
        op.scanCount = try node.require("num_scan_inputs", node.int("num_scan_inputs", in: 1...Int.max))
        op.captureCount = node.captures
        op.inputAxes = try node.ints("scan_input_axes") ?? []
        op.outputAxes = try node.ints("scan_output_axes") ?? []
        op.inputDirections = try node.ints("scan_input_directions", in: 0...1) ?? []
        op.outputDirections = try node.ints("scan_output_directions", in: 0...1) ?? []
        return op
      }
    ]
  }

  public init() {}

  /// How many states there are, checked against the body.
  func stateCount(inputs: Int) throws -> Int {
    let states = inputs - scanCount - captureCount
    guard scanCount >= 1, captureCount >= 0, states >= 0, inputs == body.inputs.count,
      states <= body.outputs.count
    else {
      throw OperatorError(
        .invalidGraph,
        "a body of \(body.inputs.count) inputs and \(body.outputs.count) outputs does not fit \(inputs) inputs, "
          + "\(scanCount) of them scanned", attribute: "num_scan_inputs", value: String(scanCount))
    }
    return states
  }

  private func axis(_ axes: [Int], _ place: Int, rank: Int) throws -> Int {
    try normalizedAxis(place < axes.count ? axes[place] : 0, rank: rank, attribute: "axes")
  }

  private func isReversed(_ directions: [Int], _ place: Int) -> Bool {
    place < directions.count && directions[place] == 1
  }

  public var bodies: [Graph] {
    get { [body] }
    set { body = newValue[0] }
  }

  /// nil where a state changes its size from run to run.
  public func typedBodies(_ context: InferenceContext) throws -> [Graph]? {
    let typed = try typed(context).body
    let states = try stateCount(inputs: context.inputs.count)
    let given = context.inputs.compactMap { $0 }
    return Array(given.prefix(states)) == Array(typed.outputTypes.prefix(states)) ? [typed] : nil
  }

  /// The body with its types in the first run, and how many runs there are.
  private func typed(_ context: InferenceContext) throws -> (body: Graph, length: Dim?) {
    let states = try stateCount(inputs: context.inputs.count)
    let given = context.inputs.compactMap { $0 }
    guard given.count == context.inputs.count else {
      throw OperatorError(.wrongInputCount, "an input is missing")
    }
    var count: Dim?
    let slices = try (0..<scanCount).map { place -> ValueType in
      let type = try context.tensor(states + place)
      guard var shape = type.shape else { return .tensor(type) }
      let size = shape.remove(at: try axis(inputAxes, place, rank: shape.count))
      count = try count.map { try Dim.merged($0, size, "lengths of the scanned inputs") } ?? size
      return .tensor(type.dtype, shape)
    }
    let captured = (states + scanCount..<given.count).map { context.contents($0) }
    let typed = try body.inferred(
      inputs: given.prefix(states) + slices + given.suffix(captureCount),
      contents: [Contents?](repeating: nil, count: states + scanCount) + captured, symbols: context.symbols)
    return (typed, count)
  }

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    let states = try stateCount(inputs: context.inputs.count)
    let (typed, count) = try typed(context)
    let given = context.inputs.compactMap { $0 }
    let length = count ?? context.fresh("scan")
    let stacked = try typed.outputTypes.dropFirst(states).enumerated().map { place, type -> ValueType in
      guard let element = type.tensor, var shape = element.shape else { return type }
      shape.insert(length, at: try axis(outputAxes, place, rank: shape.count + 1))
      return .tensor(element.dtype, shape)
    }
    // States keep their types; a body that declares less than the initial state is as good.
    let final = try zip(given, typed.outputTypes.prefix(states)).map { before, after in
      try before.widened(with: after) { _, _ in context.fresh("scan") }
    }
    return final + stacked
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let states = try stateCount(inputs: operands.count)
    let given = operands.values.compactMap { $0 }
    guard given.count == operands.count else { throw OperatorError(.wrongInputCount, "an input is missing") }
    let scanned = try given[states..<states + scanCount].map { try $0.required() }
    let axes = try scanned.enumerated().map { try axis(inputAxes, $0, rank: $1.rank) }
    let length = scanned[0].shape[axes[0]]
    guard zip(scanned, axes).allSatisfy({ $0.shape[$1] == length }) else {
      throw OperatorError(.shapeMismatch, "the scanned inputs differ in length")
    }
    let interpreter = try GraphInterpreter(body)
    var state = Array(given.prefix(states))
    var elements = [[Tensor]](repeating: [], count: body.outputs.count - states)
    for step in 0..<length {
      let slices = try scanned.enumerated().map { place, tensor -> Value in
        let index = isReversed(inputDirections, place) ? length - 1 - step : step
        return .tensor(try tensor.slice(at: index, axis: axes[place]))
      }
      let results = try interpreter.run(state + slices + given.suffix(captureCount))
      state = Array(results.prefix(states))
      for (place, element) in results.dropFirst(states).enumerated() {
        elements[place].append(try element.required())
      }
    }
    guard length > 0 || elements.isEmpty else { return state + (try emptyOutputs(given)) }
    return try state
      + elements.enumerated().map { place, list in
        let ordered = isReversed(outputDirections, place) ? list.reversed() : list
        let axis = try axis(outputAxes, place, rank: list[0].rank + 1)
        return .tensor(try Tensor.stacked(ordered, axis: axis))
      }
  }

  /// Scan outputs when there was nothing to scan; sizes that the body alone could tell are zero.
  private func emptyOutputs(_ given: [Value]) throws -> [Value] {
    let states = try stateCount(inputs: given.count)
    let context = InferenceContext(inputs: given.map(\.type), outputCount: body.outputs.count)
    return try infer(context).dropFirst(states).map { type in
      .tensor(Tensor(type.tensor?.dtype ?? .f32, (type.tensor?.shape ?? [0]).map { $0.value ?? 0 }))
    }
  }
}
