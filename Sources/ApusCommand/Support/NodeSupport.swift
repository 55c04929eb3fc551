import Apus
import ApusTactics

/// Whether and how a device runs one node of a model.
struct NodeSupport: Encodable {
  var node: String
  var `operator`: String
  /// Nodes of the file that it stands for.
  var sources: [String]
  /// Whether the device that was asked for runs it; what a GPU leaves to the CPU is not.
  var supported: Bool
  /// `cuda`, `cpu`; `none` where nothing is computed.
  var device: String
  /// The tactic's name; `reference` where none supports the node.
  var tactic: String
  /// Type of the first result's elements.
  var element: String?
  /// Why the device's tactics do not run it.
  var reasons: [String]

  init(_ note: Lowering.NodeNote, device wanted: String) {
    (node, `operator`, sources, tactic) = (note.node, note.operatorName, note.sources, note.tactic)
    element = note.element?.rawValue
    device =
      switch tactic {
      case "alias": "none"
      case _ where tactic.hasPrefix("cuda."): "cuda"
      default: "cpu"
      }
    supported = tactic != "reference" && (device == "none" || device == wanted)
    let refusals = note.refusals.filter { $0.hasPrefix(wanted) }
    reasons = supported ? [] : refusals.isEmpty ? note.refusals : refusals
    if !supported && reasons.isEmpty { reasons = ["no kernel of \(wanted) serves \(note.operatorName)"] }
  }

  var line: String {
    let type = element.map { " in \($0)" } ?? ""
    let why = reasons.isEmpty ? "" : " (\(reasons.joined(separator: "; ")))"
    return "\(supported ? "yes" : "no ")  \(`operator`) '\(node)': \(tactic)\(type)\(why)"
  }
}
