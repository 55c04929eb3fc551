public import ApusONNX
public import ApusOperators
public import ApusCore
import ApusOptimizer

extension EditableModel {
  /// Replaces what does not depend on the inputs by initializers, shape arithmetic included; quantization of weights
  /// stays written out.
  ///
  /// - Returns: How many nodes went away.
  /// - Throws: Every problem of the model.
  @discardableResult
  public mutating func foldConstants(catalogue: OperatorCatalogue = .withPlugins) throws -> Int {
    var graph = try onnxModel().importGraph(
      catalogue: catalogue, options: ImportOptions(plugins: .shared)
    ).graph
    let before = nodes.count
    _ = try FoldConstants(keeping: ["QuantizeLinear", "DequantizeLinear"]).run(&graph, PassContext())
    let computed = Set(nodes.flatMap(\.outputs))
    for value in graph.allValues {
      if let tensor = value.constant, computed.contains(value.name) { replace(value.name, by: tensor) }
    }
    removeUnused()
    return before - nodes.count
  }
}
