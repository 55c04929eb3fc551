public import ApusCore
public import ApusONNX
import ApusOperators

/// Suppression for a model that ends in boxes `[n, places, 4]` and scores `[n, places, classes]`: one EfficientNMS_TRT node.
public struct AttachEfficientNMS: Sendable {
  public var boxes: String
  public var scores: String
  /// `[1, places, 4]`: then boxes are offsets to them.
  public var anchors: Tensor?
  /// Fields of the plugin; what is not given takes its default.
  public var fields: [String: AttributeValue] = [:]

  public init(boxes: String, scores: String) {
    self.boxes = boxes
    self.scores = scores
  }

  /// Adds the node; the outputs become those of the plugin.
  public func attach(to model: inout EditableModel) throws {
    for name in [boxes, scores] where !model.defines(name) {
      throw ApusError(
        .usage,
        Problem(
          .unknownOutputName, "the model has no value '\(name)'", value: name,
          allowed: model.outputNames.joined(separator: ", "), fix: "name them with --boxes and --scores"))
    }
    var inputs = [boxes, scores]
    if let anchors {
      model.setInitializer("nms/anchors", anchors)
      inputs.append("nms/anchors")
    }
    let outputs = EfficientNMS.plugin.outputs
    let node = EditableNode(
      EfficientNMS.name, inputs: inputs, outputs: outputs, name: "nms", domain: "TRT", attributes: fields)
    try model.append([node], outputs: outputs)
  }
}

extension EditableModel {
  /// Adds nodes at the end and makes `outputs` the outputs of the model, with the types that inference gives them.
  /// Throws every problem that an import of the result has.
  mutating func append(_ added: [EditableNode], outputs: [String]) throws {
    nodes += added
    for domain in Set(added.map(\.domain)) { importDomain(domain) }
    for name in outputNames { removeOutput(name) }
    for name in outputs { try addOutput(name) }
    let graph = try onnxModel().importGraph(catalogue: .withPlugins, options: ImportOptions(plugins: .shared))
      .graph
    for name in outputs {
      removeOutput(name)
      try addOutput(name, type: graph.value(named: name).map { graph[$0].type })
    }
    removeUnused()
  }
}
