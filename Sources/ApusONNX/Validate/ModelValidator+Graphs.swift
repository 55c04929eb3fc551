import ApusCore

extension ModelValidator {
  /// What a list of nodes sees of what is around it.
  struct Surroundings {
    var opsets: [String: Int]
    /// Names defined outside.
    var outer: Set<String> = []
    /// Attributes of the function around; nil outside functions.
    var attributes: Set<String>?
    var depth = 0
  }

  mutating func validate(_ graph: Onnx_GraphProto, in around: Surroundings) {
    var defined: Set<String> = []
    for input in graph.input {
      if input.name.isEmpty { report(Problem(.invalidGraph, "a graph input has no name")) }
      define(input.name, in: &defined, outer: around.outer, "graph input")
    }
    let inputs = defined
    for name in graph.initializer.map(\.name) + graph.sparseInitializer.map(\.values.name) {
      if name.isEmpty {
        report(Problem(.invalidTensor, "an initializer has no name", fix: "name it"))
      } else if !inputs.contains(name) {
        define(name, in: &defined, outer: around.outer, "initializer")
      }
    }
    validate(graph.node, defined: defined, in: around)
    let all = defined.union(graph.node.flatMap(\.output)).union(around.outer)
    for output in graph.output where !all.contains(output.name) {
      report(
        Problem(
          .undefinedValue, "graph output '\(output.name)' is defined nowhere", value: output.name,
          fix: "remove the output or name a value that a node computes"))
    }
    if around.depth == 0 && graph.output.isEmpty {
      report(Problem(.invalidGraph, "the graph has no output", fix: "name at least one output"))
    }
  }

  mutating func validate(_ function: Onnx_FunctionProto) {
    var defined: Set<String> = []
    for input in function.input { define(input, in: &defined, outer: [], "input of a function") }
    var opsets: [String: Int] = [:]
    for entry in function.opsetImport {
      opsets[ImporterTable.normalized(entry.domain)] = Int(clamping: entry.version)
    }
    let attributes = Set(function.attribute + function.attributeProto.map(\.name))
    validate(function.node, defined: defined, in: Surroundings(opsets: opsets, attributes: attributes))
    let all = defined.union(function.node.flatMap(\.output))
    for output in function.output where !all.contains(output) {
      report(
        Problem(
          .undefinedValue, "output '\(output)' of the function is defined nowhere", operator: function.name,
          domain: function.domain, value: output))
    }
  }

  /// Nodes of one graph: names, order, and each node by itself.
  private mutating func validate(_ nodes: [Onnx_NodeProto], defined: Set<String>, in around: Surroundings) {
    var own = defined
    for node in nodes {
      for output in node.output where !output.isEmpty {
        define(output, in: &own, outer: around.outer, "output of node '\(NodeNames.name(of: node))'")
      }
    }
    let order = NodeOrder(nodes, captured: FreeNames.captured)
    for index in order.cyclic {
      report(
        Problem(
          .cycle, "the node is on a cycle or behind one", node: NodeNames.name(of: nodes[index]),
          operator: nodes[index].opType,
          fix: "break the cycle: no input may depend on the node's own outputs"))
    }
    if order.isReordered && order.cyclic.isEmpty {
      note(Problem(.invalidGraph, "the nodes are not in topological order; they were sorted"))
    }
    var inner = around
    inner.outer.formUnion(own)
    inner.depth += 1
    for node in nodes { validate(node, visible: inner.outer, in: around, bodies: inner) }
  }

  private mutating func define(
    _ name: String, in defined: inout Set<String>, outer: Set<String>, _ what: String
  ) {
    if !defined.insert(name).inserted {
      report(
        Problem(
          .duplicateValue, "'\(name)' is defined more than once, again as \(what)", value: name,
          fix: "give every value a name of its own"))
    } else if outer.contains(name) {
      note(Problem(.duplicateValue, "'\(name)' hides a value of the graph around it", value: name))
    }
  }
}
