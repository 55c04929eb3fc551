public import ApusCore
import ApusOperators

/// Lets a depthwise Conv sum up its result for the squeeze-and-excitation layer behind it while the result is at hand.
///
/// ```
/// %c = Conv(%x, %w, %b) {group: …}
/// %g = SqueezeExcitation(%c, %w1, %b1, %w2, %b2)
/// ```
/// becomes
/// ```
/// (%c, %g) = ConvSqueezeExcitation(%x, %w, %b, _, %w1, %b1, %w2, %b2)
/// ```
public struct FuseSqueezeExcitation: Rule {
  public struct Finding {
    let op: ConvSqueezeExcitation
    let inputs: [ValueID?]
  }

  public init() {}

  public var patterns: [Pattern] {
    [.op(SqueezeExcitation.self, "gate", [.op(Conv.self, "conv", shared: true)] + rest)]
  }

  private var rest: [Pattern] {
    [.constant("w1"), .optional(.constant("b1")), .constant("w2"), .optional(.constant("b2"))]
  }

  public func check(_ match: Match, in graph: Graph) throws(Refusal) -> Finding {
    let node = graph[match.node("conv")]
    guard let conv = node.op as? Conv, let layer = graph[match.node("gate")].op as? SqueezeExcitation,
      node.inputs.count > 1, let weight = graph.constant(node.inputs[1])
    else { throw Refusal("the weights of the Conv are computed") }
    guard weight.shape[1] == 1, weight.shape[0] == conv.group, (3...4).contains(weight.rank) else {
      throw Refusal("the Conv is not depthwise")
    }
    guard node.inputs.count < 4 || node.inputs[3] == nil else { throw Refusal("the Conv adds a residual") }
    guard !graph.isOutput(match.value("conv")) else { throw Refusal("the Conv's result is an output") }
    let inputs = [node.inputs[0], node.inputs[1], node.inputs.count > 2 ? node.inputs[2] : nil, nil]
    let weights = [match.value("w1"), match.optional("b1"), match.value("w2"), match.optional("b2")]
    return Finding(op: ConvSqueezeExcitation(conv: conv, layer: layer), inputs: inputs + weights)
  }

  public func rewrite(_ match: Match, _ finding: Finding, _ patch: inout Patch) throws {
    let name = patch.graph[match.node("conv")].name
    let results = try patch.add(finding.op, finding.inputs, outputs: 2, name: name)
    patch.replace(match.value("conv"), with: results[0])
    patch.replace(match.value("gate"), with: results[1])
  }
}
