public import ApusBuilder
public import ApusCore
public import ApusEngine
public import ApusOperators

/// A model built by hand: inputs, layers and plugins one after another, as TensorRT users know it.
///
/// ```swift
/// var network = Network(name: "postprocess")
/// let scores = network.addInput("scores", .f32, [.symbol("batch"), 90, 60, 80])
/// let deltas = network.addInput("deltas", .f32, [.symbol("batch"), 36, 60, 80])
/// let decoded = try network.addPlugin(
///   "RetinaNetDecode", inputs: [scores, deltas], fields: ["stride": .int(8), "anchors": .list(anchors)], outputs: 3)
/// try network.markOutput(decoded[1], name: "boxes")
/// try network.build().save(to: "postprocess.engine")
/// ```
///
/// Types are inferred as layers are added; what does not fit is refused there, by the layer's name.
public struct Network: Sendable {
  /// A tensor of a network.
  public struct Value: Hashable, Sendable {
    let id: ValueID
  }

  public private(set) var graph: Graph
  /// Ranges of input shapes that the engine is to accept; none: any.
  public var profiles: [ShapeProfile] = []
  private let symbols: SymbolSourceBox

  /// Names of data-dependent sizes; only one value at a time adds layers.
  private final class SymbolSourceBox: @unchecked Sendable {
    let source = SymbolSource()
  }

  public init(name: String) {
    graph = Graph(name: name)
    symbols = SymbolSourceBox()
  }

  /// Goes on from a model that was read from a file; its outputs stay outputs until `unmarkOutputs`.
  public init(_ model: Model) {
    graph = model.source.graph
    symbols = SymbolSourceBox()
  }

  /// Adds an input. Sizes are integers or symbols: `[.symbol("batch"), 3, 480, 640]`.
  public mutating func addInput(_ name: String, _ dtype: DType = .f32, _ shape: Shape) -> Value {
    Value(id: graph.addInput(name, .tensor(dtype, shape)))
  }

  /// Adds a constant; its memory is shared, not copied.
  public mutating func addConstant(_ tensor: Tensor, name: String = "") -> Value {
    Value(id: graph.addConstant(tensor, name: name))
  }

  /// The tensor of a name, among inputs, outputs and everything between.
  public func value(named name: String) -> Value? { graph.value(named: name).map(Value.init) }

  public var inputs: [Value] { graph.inputs.map(Value.init) }
  public var outputs: [Value] { graph.outputs.map(Value.init) }

  public func type(of value: Value) -> ValueType { graph[value.id].type }
  public func name(of value: Value) -> String { graph[value.id].name }

  /// Adds any operator of the catalogue. Throws where its inputs do not fit.
  public mutating func add(
    _ op: any ApusCore.Operator, _ inputs: [Value?], outputs: Int = 1, name: String = ""
  ) throws -> [Value] {
    let given = name.isEmpty ? "\(op.operatorName)_\(graph.nodeCount)" : name
    let added = graph.addNode(
      op, inputs.map { $0?.id }, outputs: (0..<outputs).map { outputs == 1 ? given : "\(given).\($0)" },
      name: given, sources: [given])
    do {
      try graph.inferTypes(of: added, symbols: symbols.source)
    } catch let error as OperatorError {
      graph.removeNode(added)
      throw ApusError(.usage, error.problem(node: given, operator: op.operatorName))
    }
    return graph[added].outputs.compactMap { $0 }.map(Value.init)
  }

  /// Adds a plugin by its name.
  ///
  /// - Parameters:
  ///   - fields: Values by name; those with defaults may be left out.
  ///   - version: nil: the newest.
  /// - Throws: Where there is no such plugin (naming the nearest), a field is unknown, missing or malformed, or the
  ///   inputs do not fit.
  public mutating func addPlugin(
    _ plugin: String, inputs: [Value?], fields: [String: AttributeValue] = [:], outputs: Int,
    version: String? = nil, namespace: String? = nil, name: String = "", registry: PluginRegistry = .shared
  ) throws -> [Value] {
    let op: any ApusCore.Operator
    do {
      op = try registry.require(plugin, version: version, namespace: namespace).makeOperator(fields)
    } catch let error as OperatorError {
      throw ApusError(.usage, error.problem(node: name, operator: plugin))
    }
    return try add(op, inputs, outputs: outputs, name: name)
  }

  /// Adds all layers of another model or network; `inputs` are given by its input names.
  ///
  /// - Returns: The values of its outputs, by name. They are not marked.
  public mutating func add(_ other: Graph, inputs: [String: Value]) throws -> [String: Value] {
    var values: [ValueID: ValueID] = [:]
    for input in other.inputs {
      guard let given = inputs[other[input].name] else {
        throw ApusError(
          .usage,
          Problem(
            .inputMissing, "input '\(other[input].name)' of the added model is not connected",
            value: other[input].name, allowed: inputs.keys.sorted().joined(separator: ", ")))
      }
      values[input] = given.id
    }
    for value in other.allValues {
      if let tensor = value.constant { values[value.id] = graph.addConstant(tensor, name: value.name) }
    }
    for id in other.topologicalOrder() ?? [] {
      let node = other[id]
      let added = graph.addNode(
        node.op, node.inputs.map { $0.flatMap { values[$0] } },
        outputs: node.outputs.map { $0.map { other[$0].name } }, name: node.name, sources: node.sources)
      do {
        try graph.inferTypes(of: added, symbols: symbols.source)
      } catch let error as OperatorError {
        throw ApusError(.usage, error.problem(node: node.name, operator: node.opName))
      }
      for (old, new) in zip(node.outputs, graph[added].outputs) { if let old, let new { values[old] = new } }
    }
    return Dictionary(
      other.outputs.compactMap { output in values[output].map { (other[output].name, Value(id: $0)) } }
    ) { first, _ in first }
  }

  /// Makes a value an output of the engine, under its name or a new one.
  public mutating func markOutput(_ value: Value, name: String? = nil) throws {
    var id = value.id
    if graph.isInput(id) || graph.isOutput(id) || graph[id].constant != nil {
      id = try add(Identity(), [value], name: name ?? graph[id].name + ".output")[0].id
    }
    if let name, graph[id].name != name {
      guard graph.value(named: name) == nil else {
        throw ApusError(
          .usage, Problem(.duplicateValue, "'\(name)' is the name of another tensor", value: name))
      }
      graph.rename(id, to: name)
    }
    graph.markOutput(id)
  }

  /// Leaves no outputs: what comes after a model's own outputs is marked instead.
  public mutating func unmarkOutputs() { graph.setOutputs([]) }

  /// Optimizes the network for a device.
  public func build(device: Device = .auto, _ options: BuildOptions = BuildOptions()) throws -> Builder.Result
  {
    guard !graph.outputs.isEmpty else {
      throw ApusError(.usage, Problem(.usage, "the network has no outputs", fix: "mark one with markOutput"))
    }
    var graph = graph
    graph.symbolBounds.merge(symbols.source.bounds) { known, _ in known }
    graph.removeDead()
    var options = options
    options.profiles += profiles
    return try Model(graph).optimize(device: device, options)
  }
}
