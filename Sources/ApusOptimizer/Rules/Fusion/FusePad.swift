public import ApusCore
import ApusOperators

/// Lets a Conv or pool do the padding of a Pad before it.
///
/// ```
/// %p = Pad(%x, {0, 0, 1, 1, 0, 0, 1, 1})
/// %y = Conv(%p, %w)
/// ```
/// becomes
/// ```
/// %y = Conv(%x, %w) {pads: [1, 1, 1, 1]}
/// ```
/// MaxPool takes padding with minus infinity only, AveragePool zeros only when it counts them.
public struct FusePad: Rule {
  public init() {}

  public var patterns: [Pattern] {
    let pad = Pattern.op(
      Pad.self, "pad", [.value("x"), .value("amounts"), .optional(.constant("fill")), .absent])
    return [
      .op(
        Conv.self, "y", [pad, .value("w"), .optional(.value("b")), .optional(.value("r"))]),
      .anyOf([MaxPool.self, AveragePool.self], "y", [pad]),
    ]
  }

  public func check(_ match: Match, in graph: Graph) throws(Refusal) -> [Int] {
    guard (graph[match.node("pad")].op as? Pad)?.mode == .constant else { throw Refusal("it pads by copies") }
    guard let window = graph[match.node("y")].op as? any WindowedOperator, window.autoPad == .notSet else {
      throw Refusal("the window pads by itself")
    }
    guard let rank = graph.shape(match.value("x"))?.count,
      let amounts = graph.integers(match.value("amounts")),
      amounts.count == 2 * rank
    else { throw Refusal("the amounts are computed") }
    let axes = rank - 2
    guard amounts.allSatisfy({ $0 >= 0 }), [0, 1, rank, rank + 1].allSatisfy({ amounts[$0] == 0 }) else {
      throw Refusal("batch or channels are padded, or something is cut off")
    }
    let fill = match.optional("fill").map { graph.scalar($0) ?? .nan } ?? 0
    switch window {
    case is MaxPool where fill != -.infinity: throw Refusal("MaxPool pads with minus infinity")
    case let pool as AveragePool where fill != 0 || !pool.countIncludePad || pool.ceilMode:
      throw Refusal("AveragePool does not count its padding")
    case is Conv where fill != 0: throw Refusal("the padding is not zero")
    default: break
    }
    let old = window.pads.isEmpty ? [Int](repeating: 0, count: 2 * axes) : window.pads
    let added = amounts[2..<rank] + amounts[(rank + 2)...]
    return zip(old, added).map { $0 + $1 }
  }

  public func rewrite(_ match: Match, _ pads: [Int], _ patch: inout Patch) throws {
    let node = patch.graph[match.node("y")]
    guard var window = node.op as? any WindowedOperator else { return }
    window.pads = pads
    let outputs = try patch.add(
      window, [match.value("x")] + node.inputs.dropFirst(), outputs: node.outputs.count, name: node.name)
    for (old, new) in zip(node.outputs, outputs) { if let old { patch.replace(old, with: new) } }
  }
}
