public import ApusCore
import ApusOperators

/// Recognizes Gelu from `x`, `1 + erf(x / √2)` and `0.5`, or from `1 + tanh(√(2/π) * (x + 0.044715 * x³))`, in any
/// bracketing.
///
/// ```
/// %d = Div(%x, 1.4142135)
/// %e = Erf(%d)
/// %s = Add(%e, 1)
/// %p = Mul(%x, %s)
/// %y = Mul(%p, 0.5)
/// ```
/// becomes
/// ```
/// %y = Gelu(%x)
/// ```
public struct RecognizeGelu: Rule {
  public struct Finding {
    let x: ValueID
    let op: Gelu
    let nodes: [NodeID]
  }

  public init() {}

  public var patterns: [Pattern] { [.anyOf([Mul.self, Div.self], "y", [.value("a"), .value("b")])] }

  public func check(_ match: Match, in graph: Graph) throws(Refusal) -> Finding {
    let list = FactorList(match.value("y"), in: graph)
    guard list.factors.count == 2 else { throw Refusal("not two factors") }
    for (x, gate) in [(list.factors[0], list.factors[1]), (list.factors[1], list.factors[0])] {
      guard let (sum, _) = graph.solelyRead(gate, as: Add.self),
        let inner = sum.inputs.first(where: { graph.scalar($0) == nil }) ?? nil,
        sum.inputs.contains(where: { graph.scalar($0) == 1 })
      else { continue }
      guard near(list.scale, 0.5) else { throw Refusal("the product is scaled by \(list.scale), not by 0.5") }
      guard graph.sameType(x, match.value("y")) else { throw Refusal("a factor enlarges the shape") }
      if let nodes = erfNodes(inner, x, in: graph) {
        return Finding(x: x, op: Gelu(.none), nodes: list.nodes + [sum.id] + nodes)
      }
      if let nodes = tanhNodes(inner, x, in: graph) {
        return Finding(x: x, op: Gelu(.tanh), nodes: list.nodes + [sum.id] + nodes)
      }
      throw Refusal("the gate is neither the erf form nor the tanh form")
    }
    throw Refusal("no factor is 1 + …")
  }

  /// Nodes of `erf(x / √2)`.
  private func erfNodes(_ value: ValueID, _ x: ValueID, in graph: Graph) -> [NodeID]? {
    guard let (erf, _) = graph.solelyRead(value, as: Erf.self), let argument = erf.inputs[0] else {
      return nil
    }
    let list = FactorList(argument, in: graph)
    guard list.factors == [x], near(list.scale, 0.5.squareRoot(), tolerance: 1e-4) else { return nil }
    return [erf.id] + list.nodes
  }

  /// Nodes of `tanh(√(2/π) * (x + 0.044715 * x³))`, with `x` inside the bracket or taken out of it.
  private func tanhNodes(_ value: ValueID, _ x: ValueID, in graph: Graph) -> [NodeID]? {
    guard let (tanh, _) = graph.solelyRead(value, as: Tanh.self), let argument = tanh.inputs[0] else {
      return nil
    }
    let list = FactorList(argument, in: graph)
    guard near(list.scale, 0.7978845608, tolerance: 1e-4) else { return nil }
    if list.factors.count == 1, let (sum, _) = graph.solelyRead(list.factors[0], as: Add.self),
      let cube = sum.inputs.first(where: { $0 != x }) ?? nil, sum.inputs.contains(x),
      let nodes = power(cube, of: x, 3, in: graph)
    {
      return [tanh.id, sum.id] + list.nodes + nodes
    }
    if let rest = list.without(x), rest.count == 1, let (sum, _) = graph.solelyRead(rest[0], as: Add.self),
      sum.inputs.contains(where: { graph.scalar($0) == 1 }),
      let square = sum.inputs.first(where: { graph.scalar($0) == nil }) ?? nil,
      let nodes = power(square, of: x, 2, in: graph)
    {
      return [tanh.id, sum.id] + list.nodes + nodes
    }
    return nil
  }

  /// Nodes of `0.044715 * x ^ exponent`.
  private func power(_ value: ValueID, of x: ValueID, _ exponent: Int, in graph: Graph) -> [NodeID]? {
    let list = FactorList(value, in: graph)
    guard list.factors == [ValueID](repeating: x, count: exponent),
      near(list.scale, 0.044715, tolerance: 1e-3)
    else { return nil }
    return list.nodes
  }

  public func rewrite(_ match: Match, _ finding: Finding, _ patch: inout Patch) throws {
    patch.absorb(finding.nodes)
    patch.replace(match.value("y"), with: try patch.add(finding.op, [finding.x]))
  }
}
