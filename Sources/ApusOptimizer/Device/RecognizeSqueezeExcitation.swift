public import ApusCore
import ApusOperators

/// Recognizes the gate of a squeeze-and-excitation layer before a Conv, which takes it as an input.
///
/// ```
/// %m = GlobalAveragePool(%x)
/// %r = Conv(%m, %w1, %b1) {activation: {kind: "silu"}}
/// %e = Conv(%r, %w2, %b2) {activation: {kind: "sigmoid"}}
/// %s = Mul(%x, %e)
/// %y = Conv(%s, %w, %b)
/// ```
/// becomes
/// ```
/// %g = SqueezeExcitation(%x, %w1, %b1, %w2, %b2)
/// %y = GatedConv(%x, %w, %b, _, %g)
/// ```
public struct RecognizeSqueezeExcitation: Rule {
  public struct Finding {
    let layer: SqueezeExcitation
    let conv: Conv
  }

  public init() {}

  public var patterns: [Pattern] {
    let mean = Pattern.op(GlobalAveragePool.self, "mean", [.value("x")])
    let reduce = Pattern.op(
      Conv.self, "reduce", [mean, .constant("w1"), .optional(.constant("b1"))])
    let gate = Pattern.op(
      Conv.self, "expand", [reduce, .constant("w2"), .optional(.constant("b2"))])
    return [
      .op(
        Conv.self, "y",
        [
          .op(Mul.self, "scaled", [.value("x"), gate], commutative: true), .constant("w"),
          .optional(.constant("b")), .optional(.value("residual")),
        ])
    ]
  }

  public func check(_ match: Match, in graph: Graph) throws(Refusal) -> Finding {
    guard let shape = graph.shape(match.value("x")), shape.count > 2 else {
      throw Refusal("the rank of x is unknown")
    }
    let inner = try pointwise("reduce", match, graph)
    let outer = try pointwise("expand", match, graph)
    guard let channels = graph.shape(match.value("w2"))?[0], channels == shape[1] else {
      throw Refusal("the gate is broadcast over the channels")
    }
    guard let conv = graph[match.node("y")].op as? Conv else { throw Refusal("the reader is no Conv") }
    return Finding(
      layer: SqueezeExcitation(inner: inner.activation, outer: outer.activation), conv: conv)
  }

  /// The convolution that a node does on one pixel.
  private func pointwise(_ name: String, _ match: Match, _ graph: Graph) throws(Refusal) -> Conv {
    guard let conv = graph[match.node(name)].op as? Conv else { throw Refusal("\(name) is no Conv") }
    let kernel = graph.shape(graph[match.node(name)].inputs[1])?.dropFirst(2) ?? []
    guard conv.group == 1, kernel.allSatisfy({ $0 == 1 }), conv.pads.allSatisfy({ $0 == 0 }) else {
      throw Refusal("'\(graph[match.node(name)].name)' is no product of channels")
    }
    return conv
  }

  public func rewrite(_ match: Match, _ finding: Finding, _ patch: inout Patch) throws {
    let x = match.value("x")
    let gate = try patch.add(
      finding.layer,
      [x, match.value("w1"), match.optional("b1"), match.value("w2"), match.optional("b2")],
      name: patch.graph[match.node("expand")].name)
    let inputs = [x, match.value("w"), match.optional("b"), match.optional("residual"), gate]
    patch.replace(match.value("y"), with: try patch.add(GatedConv(conv: finding.conv), inputs))
  }
}
