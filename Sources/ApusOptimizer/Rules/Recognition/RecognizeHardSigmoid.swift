public import ApusCore
import ApusOperators

/// Recognizes a clipped line.
///
/// ```
/// %a = Add(%x, 3)
/// %c = Clip(%a, 0, 6)
/// %y = Div(%c, 6)
/// ```
/// becomes
/// ```
/// %y = HardSigmoid(%x) {alpha: 1/6, beta: 0.5}
/// ```
/// The upper bound must become 1.
public struct RecognizeHardSigmoid: Rule {
  public struct Finding {
    let alpha: Double
    let beta: Double
  }

  public init() {}

  public var patterns: [Pattern] {
    let clip = Pattern.op(
      Clip.self, "clip",
      [
        .op(Add.self, "sum", [.value("x"), .constant("shift")], commutative: true), .constant("low"),
        .constant("high"),
      ])
    return [
      .op(Div.self, "y", [clip, .constant("divisor")]),
      .op(Mul.self, "y", [clip, .constant("factor")], commutative: true),
    ]
  }

  public func check(_ match: Match, in graph: Graph) throws(Refusal) -> Finding {
    let factor =
      graph.scalar(match.optional("factor")) ?? graph.scalar(match.optional("divisor")).map { 1 / $0 }
    guard let factor, factor > 0, let shift = graph.scalar(match.value("shift")),
      let high = graph.scalar(match.value("high")), graph.scalar(match.value("low")) == 0
    else { throw Refusal("the bounds, the shift or the factor are no single numbers, or do not start at 0") }
    guard near(high * factor, 1) else { throw Refusal("the upper bound becomes \(high * factor), not 1") }
    guard graph.sameType(match.value("x"), match.value("y")), graph.dtype(match.value("x"))?.isFloat == true
    else {
      throw Refusal("a constant enlarges the shape, or these are no floats")
    }
    return Finding(alpha: factor, beta: shift * factor)
  }

  public func rewrite(_ match: Match, _ finding: Finding, _ patch: inout Patch) throws {
    let op = HardSigmoid(alpha: finding.alpha, beta: finding.beta)
    patch.replace(match.value("y"), with: try patch.add(op, [match.value("x")]))
  }
}
