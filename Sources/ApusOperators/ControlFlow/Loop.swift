public import ApusCore

/// A body run again and again. Inputs: the largest number of runs (optional), the condition to begin (optional), the
/// carried values, and what the body captures. The body takes the run's number, the condition, the carried values and
/// the captures; it gives the next condition, the next carried values, and elements of the scan outputs, which are
/// stacked along a new first axis. ONNX Loop 1, 11, 13, 16, 19, 21, 23, 24, 25.
public struct Loop: BodyOperator {
  public var body = Graph()
  /// How many values are carried from run to run.
  public var carriedCount = 0

  public static var importers: [Importer] {
    [
      .onnx("Loop") { node, scope in
        var formal = Array(node.inputs.dropLast(node.captures))
        while formal.count < 2 { formal.append(nil) }
        let body = try node.require("body", node.graph("body"))
        let op = Loop(body: body, carriedCount: formal.count - 2)
        return try scope.add(op, formal + node.inputs.suffix(node.captures), for: node)
      }
    ]
  }

  public init() {}
  public init(body: Graph, carriedCount: Int) {
    self.body = body
    self.carriedCount = carriedCount
  }

  private func check(inputs: Int) throws {
    guard carriedCount >= 0, inputs == body.inputs.count, inputs >= 2 + carriedCount,
      body.outputs.count >= 1 + carriedCount
    else {
      throw OperatorError(
        .invalidGraph,
        "a body of \(body.inputs.count) inputs and \(body.outputs.count) outputs does not fit \(inputs) inputs, "
          + "\(carriedCount) of them carried")
    }
  }

  public var bodies: [Graph] {
    get { [body] }
    set { body = newValue[0] }
  }

  public func typedBodies(_ context: InferenceContext) throws -> [Graph]? {
    [try settled(context).body]
  }

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    let settled = try settled(context)
    let outputs = settled.body.outputTypes
    let count = runs(context, endless: endless(settled.body, context))
    let last = zip(settled.carried, outputs.dropFirst()).map { (before, after) -> ValueType in
      if case .optional(let held) = before, !after.isOptional { return held }
      return before
    }
    return results(last, outputs.dropFirst(1 + carriedCount), count, settled.varying.symbols, context)
  }

  /// The body with types that hold for every run, those of the carried values, and sizes of them that vary.
  private func settled(_ context: InferenceContext) throws -> (
    body: Graph, carried: [ValueType], varying: VaryingSizes
  ) {
    try check(inputs: context.inputs.count)
    let given = context.inputs.dropFirst(2).compactMap { $0 }
    guard given.count == context.inputs.count - 2 else {
      throw OperatorError(.wrongInputCount, "a carried or captured value is missing")
    }
    var carried = Array(given.prefix(carriedCount))
    let captured = given.suffix(given.count - carriedCount)
    // The body only runs while the condition holds.
    let always = Contents(.bool, [], dims: [1])
    let known =
      [nil, always] + [Contents?](repeating: nil, count: carriedCount)
      + (2 + carriedCount..<context.inputs.count).map { context.contents($0) }
    var varying = VaryingSizes()
    while true {
      let typed = try body.inferred(
        inputs: [.tensor(.i64, []), .tensor(.bool, [])] + carried + captured, contents: known,
        symbols: context.symbols)
      let next = try zip(carried, typed.outputTypes.dropFirst()).map { (before, after) -> ValueType in
        // What begins as an optional may go on as what it holds.
        if case .optional(let held) = before, !after.isOptional {
          return .optional(try varying.widen(held, after, context))
        }
        return try varying.widen(before, after, context)
      }
      if next == carried { return (typed, carried, varying) }
      carried = next
    }
  }

  /// Sizes of carried values that change from run to run; each has one symbol inside the body.
  private struct VaryingSizes {
    var symbols: Set<Dim> = []

    mutating func widen(_ before: ValueType, _ after: ValueType, _ context: InferenceContext) throws
      -> ValueType
    {
      var symbols = symbols
      defer { self.symbols = symbols }
      return try before.widened(with: after) { old, _ in
        if symbols.contains(old) { return old }
        let symbol = context.fresh("carried")
        symbols.insert(symbol)
        return symbol
      }
    }
  }

  /// Whether nothing but the number of runs ends the loop.
  private func endless(_ typed: Graph, _ context: InferenceContext) -> Bool {
    let condition = typed.outputs[0]
    let stays =
      condition == typed.inputs[1] || typed[condition].contents?.dims == [1]
      || typed[condition].constant?.integers().first == 1
    return stays && (!context.isPresent(1) || context.dims(1) == [1])
  }

  private func runs(_ context: InferenceContext, endless: Bool) -> Dim {
    guard let limit = context.dims(0)?.first else { return context.fresh("loop") }
    guard limit.isNonNegative else { return limit.value == nil ? context.fresh("loop") : 0 }
    return endless ? limit : context.fresh("loop", atMost: limit)
  }

  /// Sizes that vary from run to run are unknown again outside.
  private func results(
    _ carried: [ValueType], _ elements: ArraySlice<ValueType>, _ count: Dim, _ varying: Set<Dim>,
    _ context: InferenceContext
  ) -> [ValueType] {
    let names = varying.reduce(into: Set<String>()) { $0.formUnion($1.symbols) }
    func outside(_ type: ValueType) -> ValueType {
      type.mappingSizes { names.isDisjoint(with: $0.symbols) ? $0 : context.fresh("loop") }
    }
    let stacked = elements.map { element -> ValueType in
      guard let type = outside(element).tensor else { return element }
      return .tensor(type.dtype, type.shape.map { [count] + $0 })
    }
    return carried.map(outside) + stacked
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    try check(inputs: operands.count)
    let limit = operands.optionalSizes(0)?.first ?? Int.max
    var condition = operands.optional(1).map { $0.integers().first != 0 } ?? true
    let given = operands.values.dropFirst(2).compactMap { $0 }
    var carried = Array(given.prefix(carriedCount))
    let captured = given.suffix(given.count - carriedCount)
    var scanned = [[Tensor]](repeating: [], count: body.outputs.count - 1 - carriedCount)
    let interpreter = try GraphInterpreter(body)
    var run = 0
    while condition, run < limit {
      let head: [Value] = [.tensor(Tensor(scalar: Int64(run))), .tensor(Tensor(scalar: condition))]
      let results = try interpreter.run(head + carried + captured)
      condition = try results[0].required().integers().first != 0
      carried = Array(results[1..<1 + carriedCount])
      for (place, element) in results.dropFirst(1 + carriedCount).enumerated() {
        scanned[place].append(try element.required())
      }
      run += 1
    }
    let empty = run == 0 && !scanned.isEmpty ? try emptyElements(given) : []
    return try carried
      + scanned.enumerated().map { place, elements in
        .tensor(try elements.isEmpty ? empty[place] : Tensor.stacked(elements))
      }
  }

  /// Scan outputs of a loop that never ran; sizes that the body alone could tell are zero.
  private func emptyElements(_ given: [Value]) throws -> [Tensor] {
    let typed = try body.inferred(
      inputs: [.tensor(.i64, []), .tensor(.bool, [])] + given.map(\.type), symbols: SymbolSource())
    return typed.outputTypes.dropFirst(1 + carriedCount).map { type in
      Tensor(type.tensor?.dtype ?? .f32, [0] + (type.tensor?.shape ?? []).map { $0.value ?? 0 })
    }
  }
}
