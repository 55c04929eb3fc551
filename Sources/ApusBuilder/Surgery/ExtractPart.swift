public import ApusONNX
public import ApusOperators
public import ApusCore

extension EditableModel {
  /// The part between tensors, as `extracted`; where the file does not declare the type of a new input, inference
  /// does.
  public func part(
    inputs: [String], outputs: [String], catalogue: OperatorCatalogue = .withPlugins
  ) throws -> EditableModel {
    var part = try extracted(inputs: inputs, outputs: outputs)
    guard inputs.contains(where: { declaredType(of: $0) == nil }) else { return part }
    let graph = try onnxModel().importGraph(
      catalogue: catalogue, options: ImportOptions(plugins: .shared)
    ).graph
    for name in inputs {
      guard let type = declaredType(of: name) ?? graph.value(named: name).map({ graph[$0].type }) else {
        continue
      }
      part.addInput(name, type: type)
    }
    return part
  }
}
