import ApusCore

/// Imports one graph, one body or one inlined function; names are looked up here and nowhere else.
final class GraphBuilder {
  /// What a name of the source stands for.
  enum Binding {
    case value(ValueID)
    /// An optional input of a function that the call leaves out.
    case absent
    /// The result of a node that could not be imported; the reason is already reported.
    case failed
  }

  let model: ModelImport
  let scope: ImportScope
  let opsets: [String: Int]
  /// Attributes of the call, while a function is inlined.
  let arguments: [String: Onnx_AttributeProto]
  /// Before names of nodes and values; empty outside functions.
  let prefix: String
  /// Bodies and calls around this one.
  let depth: Int
  /// Functions that are being inlined, to find those that call themselves.
  let callers: [ModelImport.FunctionKey]
  var names: [String: Binding] = [:]
  /// Values that already carry their name of the source.
  var named: Set<ValueID> = []

  /// Bodies and calls that may lie within each other.
  static let depthLimit = 64

  init(
    _ model: ModelImport, scope: ImportScope, opsets: [String: Int],
    arguments: [String: Onnx_AttributeProto] = [:], prefix: String = "", depth: Int = 0,
    callers: [ModelImport.FunctionKey] = []
  ) {
    self.model = model
    self.scope = scope
    self.opsets = opsets
    self.arguments = arguments
    self.prefix = prefix
    self.depth = depth
    self.callers = callers
  }

  /// Reads types that are declared below the main graph: open dimensions may differ from one to the next.
  var innerTypes: DeclaredTypes {
    DeclaredTypes(sizes: model.sizes) { [scope] name, axis in
      scope.symbols.fresh("\(name)_\(axis)", atMost: nil)
    }
  }

  func bind(_ name: String, to value: ValueID) {
    names[name] = .value(value)
    named.insert(value)
  }

  /// Adds the initializers that the graph holds, those in `skipped` left out.
  func addInitializers(_ graph: Onnx_GraphProto, besides skipped: Set<String> = []) {
    for proto in graph.initializer where !skipped.contains(proto.name) {
      addConstant(proto.name) { () throws(TensorFault) in try model.tensors.decode(proto) }
    }
    for proto in graph.sparseInitializer where !skipped.contains(proto.values.name) {
      addConstant(proto.values.name) { () throws(TensorFault) in try model.tensors.decode(proto) }
    }
  }

  private func addConstant(_ name: String, _ decode: () throws(TensorFault) -> Tensor) {
    do throws(TensorFault) {
      bind(name, to: scope.graph.addConstant(try decode(), name: prefix + name))
    } catch {
      names[name] = .failed
      model.report(error.problem(tensor: name))
    }
  }

  /// Imports nodes, producers first.
  func addNodes(_ nodes: [Onnx_NodeProto]) {
    let order = NodeOrder(nodes, captured: FreeNames.captured)
    for index in order.cyclic { for output in nodes[index].output { names[output] = .failed } }
    for index in order.indices { add(nodes[index], rank: index) }
  }

  /// The values of outputs, each with a name of its own: an output that is directly an input, a constant or another
  /// output goes through Identity. nil when one could not be imported.
  func outputs(_ list: [Onnx_ValueInfoProto]) -> [ValueID]? {
    var outputs: [ValueID] = []
    var complete = true
    for info in list {
      guard case .value(let value)? = names[info.name] else {
        if names[info.name] == nil {
          model.report(
            Problem(
              .undefinedValue, "graph output '\(info.name)' is defined nowhere", value: info.name,
              fix: "remove the output or name a value that a node computes"))
        }
        complete = false
        continue
      }
      let bare = scope.graph[value]
      if bare.producer == nil || outputs.contains(value) {
        if bare.constant != nil { scope.graph.rename(value, to: "\(info.name).constant") }
        guard let copy = identity(of: value, name: info.name) else { return nil }
        outputs.append(copy)
      } else {
        outputs.append(value)
      }
    }
    return complete ? outputs : nil
  }

  private func identity(of value: ValueID, name: String) -> ValueID? {
    let node = SourceNode(
      name: "Identity_\(name)", opType: "Identity", version: opsets[""] ?? 1, inputs: [value], outputs: [name]
    )
    let importer = model.table.importer(domain: "", opType: "Identity", version: node.version)
    let built = try? importer?.build(node, scope)
    guard let copy = built?.first ?? nil, copy != value else {
      model.report(
        Problem(
          .unsupportedOperator, "an output that is directly an input needs the operator Identity", value: name
        ))
      return nil
    }
    return copy
  }
}
