import Apus
import ApusTactics

/// Whether and how a device runs one node of a model.
struct NodeSupport: Encodable {
  var node: String
  var `operator`: String
  var supported: Bool
  /// The tactic's name; `reference` where none supports the node.
  var tactic: String
  var reasons: [String]

  /// Every node of the optimized model.
  static func all(of model: Model, device: Device, precision: String) throws -> [NodeSupport] {
    var options = BuildOptions()
    options.measures = false
    options.checksAccuracy = false
    if let precision = BuildOptions.Precision(rawValue: precision) { options.precisions = [precision] }
    return try model.optimize(device: device, options).lowered.notes.map {
      NodeSupport(
        node: $0.node, operator: $0.operatorName, supported: $0.tactic != "reference", tactic: $0.tactic,
        reasons: $0.tactic == "reference" ? $0.refusals : [])
    }
  }
}
