/// Names that a body reads from the graphs around it.
enum FreeNames {
  /// In the order of first use; bodies within the body included.
  static func of(_ graph: Onnx_GraphProto) -> [String] {
    var defined = Set(graph.input.map(\.name))
    defined.formUnion(graph.initializer.map(\.name))
    defined.formUnion(graph.sparseInitializer.map(\.values.name))
    for node in graph.node { defined.formUnion(node.output) }
    var (free, seen) = ([String](), Set<String>())
    func use(_ name: String) {
      if !name.isEmpty && !defined.contains(name) && seen.insert(name).inserted { free.append(name) }
    }
    for node in graph.node {
      node.input.forEach(use)
      captured(by: node).forEach(use)
    }
    graph.output.forEach { use($0.name) }
    return free
  }

  /// What all bodies of a node read from outside, in the order of first use.
  static func captured(by node: Onnx_NodeProto) -> [String] {
    var (free, seen) = ([String](), Set<String>())
    for body in bodies(of: node) {
      for name in of(body) where seen.insert(name).inserted { free.append(name) }
    }
    return free
  }

  static func bodies(of node: Onnx_NodeProto) -> [Onnx_GraphProto] {
    node.attribute.flatMap { ($0.hasG ? [$0.g] : []) + $0.graphs }
  }
}
