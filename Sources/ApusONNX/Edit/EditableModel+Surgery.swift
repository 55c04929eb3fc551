public import ApusCore
import SwiftProtobuf

extension EditableModel {
  /// Adds an initializer, or replaces the one of the same name.
  public mutating func setInitializer(_ name: String, _ tensor: Tensor) {
    let new = ValueCoder.proto(tensor, name)
    if let index = proto.graph.initializer.firstIndex(where: { $0.name == name }) {
      proto.graph.initializer[index] = new
    } else {
      proto.graph.initializer.append(new)
    }
  }

  /// Makes a computed value a constant; nodes that nobody reads any more go with `removeUnused`.
  public mutating func replace(_ value: String, by tensor: Tensor) {
    for index in proto.graph.node.indices {
      for output in proto.graph.node[index].output.indices
      where proto.graph.node[index].output[output] == value { proto.graph.node[index].output[output] = "" }
    }
    setInitializer(value, tensor)
  }

  /// Adds a value of the main graph to its outputs.
  public mutating func addOutput(_ name: String, type: ValueType? = nil) throws {
    guard defines(name) else { throw unknown("value", name) }
    guard !outputNames.contains(name) else { return }
    if let known = proto.graph.valueInfo.first(where: { $0.name == name }), type == nil {
      proto.graph.output.append(known)
    } else {
      proto.graph.output.append(Onnx_ValueInfoProto(name, type ?? declaredType(of: name)))
    }
  }

  /// Imports an operator set, unless one of the domain is imported already.
  public mutating func importDomain(_ domain: String, version: Int = 1) {
    let known = proto.opsetImport.map { ImporterTable.normalized($0.domain) }
    guard !known.contains(ImporterTable.normalized(domain)) else { return }
    proto.opsetImport.append(
      .with {
        $0.domain = domain
        $0.version = Int64(version)
      })
  }

  public mutating func removeOutput(_ name: String) { proto.graph.output.removeAll { $0.name == name } }

  public mutating func removeInput(_ name: String) { proto.graph.input.removeAll { $0.name == name } }

  public mutating func addInput(_ name: String, type: ValueType) {
    proto.graph.input.removeAll { $0.name == name }
    proto.graph.input.append(Onnx_ValueInfoProto(name, type))
  }

  /// Whether the main graph defines a value of this name.
  public func defines(_ name: String) -> Bool {
    inputNames.contains(name) || initializerNames.contains(name)
      || proto.graph.node.contains { $0.output.contains(name) }
  }

  /// Renames a value everywhere, in bodies too. Throws when the old name is unknown or the new one taken.
  public mutating func rename(_ old: String, to new: String) throws {
    guard defines(old) else { throw unknown("value", old) }
    guard !defines(new), !new.isEmpty else {
      throw ApusError(.usage, Problem(.duplicateValue, "'\(new)' is taken", file: path, value: new))
    }
    proto.graph.rename(old, to: new)
  }

  /// Removes nodes, initializers, declared types and functions that no output needs. Inputs stay.
  public mutating func removeUnused() {
    var producer: [String: Int] = [:]
    for (index, node) in proto.graph.node.enumerated() {
      for output in node.output where !output.isEmpty { producer[output] = index }
    }
    var needed = Set(outputNames)
    var pending = outputNames
    var kept: Set<Int> = []
    while let name = pending.popLast() {
      guard let index = producer[name], kept.insert(index).inserted else { continue }
      for read in nodes[index].reads where needed.insert(read).inserted { pending.append(read) }
    }
    proto.graph.node = proto.graph.node.enumerated().filter { kept.contains($0.offset) }.map(\.element)
    proto.graph.initializer.removeAll { !needed.contains($0.name) }
    proto.graph.sparseInitializer.removeAll { !needed.contains($0.values.name) }
    let defined = Set(proto.graph.node.flatMap(\.output)).union(inputNames).union(initializerNames)
    proto.graph.valueInfo.removeAll { !defined.contains($0.name) }
    removeUnusedFunctions()
  }

  private mutating func removeUnusedFunctions() {
    let byKey = Dictionary(proto.functions.map { (ModelImport.FunctionKey($0), $0) }) { first, _ in first }
    var called: Set<ModelImport.FunctionKey> = []
    var pending = proto.graph.node
    while let node = pending.popLast() {
      for body in FreeNames.bodies(of: node) { pending += body.node }
      let key = ModelImport.FunctionKey(node)
      if let function = byKey[key], called.insert(key).inserted { pending += function.node }
    }
    proto.functions.removeAll { !called.contains(ModelImport.FunctionKey($0)) }
  }

  /// The part between values: `inputs` become the graph's inputs, `outputs` its outputs. Throws when a name is unknown
  /// or an output needs an input of the model that is not among `inputs`.
  public func extracted(inputs: [String], outputs: [String]) throws -> EditableModel {
    var part = self
    for name in inputs + outputs where !defines(name) { throw unknown("value", name) }
    let cut = Set(inputs)
    for index in part.proto.graph.node.indices {
      part.proto.graph.node[index].output = part.proto.graph.node[index].output.map {
        cut.contains($0) ? "" : $0
      }
    }
    part.proto.graph.initializer.removeAll { cut.contains($0.name) }
    part.proto.graph.output = outputs.map { valueInfo($0) }
    part.proto.graph.input = inputs.map { valueInfo($0) }
    part.removeUnused()
    let read = Set(part.nodes.flatMap(\.reads) + outputs)
    let missing = inputNames.filter {
      read.contains($0) && !cut.contains($0) && !initializerNames.contains($0)
    }
    guard missing.isEmpty else {
      throw ApusError(
        .usage,
        missing.map {
          Problem(
            .unknownInputName, "the part needs the input '\($0)' too", file: path, value: $0,
            fix: "add it to the inputs of the part")
        })
    }
    return part
  }

  private func valueInfo(_ name: String) -> Onnx_ValueInfoProto {
    let infos = [proto.graph.input, proto.graph.output, proto.graph.valueInfo].joined()
    if let known = infos.first(where: { $0.name == name }) { return known }
    return Onnx_ValueInfoProto(name, (try? initializer(name)).map { .tensor($0.type) })
  }

  /// Puts the nodes in an order in which producers come first. Throws on a cycle.
  public mutating func sort() throws {
    let order = NodeOrder(proto.graph.node, captured: FreeNames.captured)
    guard order.cyclic.isEmpty else {
      throw ApusError(
        .invalidModel,
        order.cyclic.map {
          Problem(
            .cycle, "the node is on a cycle or behind one", file: path,
            node: NodeNames.name(of: proto.graph.node[$0]),
            operator: proto.graph.node[$0].opType)
        })
    }
    if order.isReordered { proto.graph.node = order.indices.map { proto.graph.node[$0] } }
  }
}

extension Onnx_GraphProto {
  /// Renames a value here and in bodies that do not define the name themselves.
  mutating func rename(_ old: String, to new: String) {
    func renamed(_ name: String) -> String { name == old ? new : name }
    for index in node.indices {
      node[index].input = node[index].input.map(renamed)
      node[index].output = node[index].output.map(renamed)
      for place in node[index].attribute.indices {
        if node[index].attribute[place].hasG, FreeNames.of(node[index].attribute[place].g).contains(old) {
          node[index].attribute[place].g.rename(old, to: new)
        }
        for body in node[index].attribute[place].graphs.indices
        where FreeNames.of(node[index].attribute[place].graphs[body]).contains(old) {
          node[index].attribute[place].graphs[body].rename(old, to: new)
        }
      }
    }
    for index in initializer.indices where initializer[index].name == old { initializer[index].name = new }
    for index in sparseInitializer.indices where sparseInitializer[index].values.name == old {
      sparseInitializer[index].values.name = new
    }
    for index in input.indices { input[index].name = renamed(input[index].name) }
    for index in output.indices { output[index].name = renamed(output[index].name) }
    for index in valueInfo.indices { valueInfo[index].name = renamed(valueInfo[index].name) }
    for index in quantizationAnnotation.indices {
      quantizationAnnotation[index].tensorName = renamed(quantizationAnnotation[index].tensorName)
    }
  }
}

extension Onnx_ValueInfoProto {
  init(_ name: String, _ type: ValueType?) {
    self.init()
    self.name = name
    if let type { self.type = Onnx_TypeProto(type) }
  }
}

extension Onnx_TypeProto {
  init(_ type: ValueType) {
    self.init()
    switch type {
    case .tensor(let tensor):
      tensorType.elemType = tensor.dtype.onnxNumber
      guard let shape = tensor.shape else { return }
      tensorType.shape = .with {
        $0.dim = shape.map { size in
          .with {
            if let number = size.value { $0.dimValue = Int64(number) } else { $0.dimParam = size.description }
          }
        }
      }
    case .sequence(let element): sequenceType.elemType = Onnx_TypeProto(element)
    case .optional(let element): optionalType.elemType = Onnx_TypeProto(element)
    }
  }
}
