public import ApusCore
import ApusOperators

/// Leaves broadcasting to the operator that broadcasts anyway.
///
/// ```
/// %e: f32[2,3] = Expand(%x: f32[1,3], {2, 3})
/// %y: f32[2,3] = Add(%e, %z: f32[2,3])
/// ```
/// becomes
/// ```
/// %y: f32[2,3] = Add(%x, %z)
/// ```
public struct RemoveBroadcastBeforeElementwise: Rule {
  public struct Finding {
    let index: Int
    let source: ValueID
  }

  public init() {}

  public var patterns: [Pattern] {
    [
      .anyOf(
        [
          Add.self, Sub.self, Mul.self, Div.self, Max.self, Min.self, Pow.self, Equal.self, Less.self,
          Greater.self,
          LessOrEqual.self, GreaterOrEqual.self, And.self, Or.self, Where.self,
        ], "y")
    ]
  }

  public func check(_ match: Match, in graph: Graph) throws(Refusal) -> Finding {
    let node = graph[match.node("y")]
    guard let result = graph.shape(match.value("y")) else { throw Refusal("the rank is unknown") }
    for (index, input) in node.inputs.enumerated() {
      guard let expand = graph.producer(of: input), expand.op is Expand, let source = expand.inputs[0] else {
        continue
      }
      let others = node.inputs.enumerated().map { graph.shape($0 == index ? source : $1) }
      if (try? Broadcasting.shape(others)) == result { return Finding(index: index, source: source) }
    }
    throw Refusal("no input is an Expand that the other inputs make unnecessary")
  }

  public func rewrite(_ match: Match, _ finding: Finding, _ patch: inout Patch) throws {
    patch.setInput(finding.index, of: match.node("y"), to: finding.source)
  }
}
