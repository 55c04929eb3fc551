public import ApusCore
import ApusOperators

/// Removes the correction that exporters add to make an integer division round down, where nothing is negative.
///
/// ```
/// %d = Div(%a, %b)
/// %m = Mod(%a, %b)
/// %e = Not(Equal(%m, 0))
/// %s = Xor(Less(%a, 0), Less(%b, 0))
/// %y = Where(And(%s, %e), Sub(%d, 1), %d)
/// ```
/// becomes
/// ```
/// %y = Div(%a, %b)
/// ```
/// when `b` is a positive constant and `a` is made of indices.
public struct RecognizeFloorDivision: Rule {
  public init() {}

  public var patterns: [Pattern] {
    [
      .op(
        Where.self, "y",
        [
          .op(And.self, "and", [.value("p"), .value("q")]),
          .op(Sub.self, "less", [.value("d"), .constant("one")]), .value("d"),
        ])
    ]
  }

  public func check(_ match: Match, in graph: Graph) throws(Refusal) {
    let quotient = match.value("d")
    guard let division = graph.producer(of: quotient), division.op is Div, let a = division.inputs[0],
      let b = division.inputs[1], graph.dtype(a)?.isSignedInteger == true
    else { throw Refusal("no integer division is corrected") }
    guard graph.scalar(match.value("one")) == 1, graph.sameType(quotient, match.value("y")) else {
      throw Refusal("the correction is not 1")
    }
    guard let divisor = graph.scalar(b), divisor > 0 else {
      throw Refusal("the divisor is no positive constant")
    }
    let conditions = [match.value("p"), match.value("q")]
    guard conditions.contains(where: { isSignTest($0, a, in: graph) }) else {
      throw Refusal("no condition is that the signs differ")
    }
    guard isNonNegative(a, in: graph, depth: 0) else { throw Refusal("the dividend may be negative") }
  }

  /// `Xor(Less(a, 0), …)`, or `Less(a, 0)` alone: false where `a` is not negative and the other side is.
  private func isSignTest(_ value: ValueID, _ a: ValueID, in graph: Graph) -> Bool {
    guard let node = graph.producer(of: value) else { return false }
    if node.op is Less { return node.inputs[0] == a && graph.number(node.inputs[1]) == 0 }
    guard node.op is Xor, node.inputs.count == 2 else { return false }
    let isSign = node.inputs.map { $0.map { isSignTest($0, a, in: graph) } ?? false }
    guard let place = isSign.firstIndex(of: true), let other = node.inputs[1 - place] else { return false }
    guard let tensor = graph[other].constant, tensor.dtype == .bool else { return false }
    return tensor.integers().allSatisfy { $0 == 0 }
  }

  /// Whether elements are positions, sizes or parts of such.
  private func isNonNegative(_ value: ValueID, in graph: Graph, depth: Int) -> Bool {
    if let tensor = graph[value].constant {
      return tensor.elementCount < 1 << 20 && tensor.integers().allSatisfy { $0 >= 0 }
    }
    guard depth < 12, let node = graph.producer(of: value) else { return false }
    switch node.op {
    case is NonZero, is ShapeOf, is Size, is ArgMax, is ArgMin: return true
    case is TopK: return graph[value].producer?.output == 1
    case is Gather, is GatherND, is GatherElements, is Reshape, is Transpose, is Slice, is Split, is Squeeze,
      is Unsqueeze, is Expand, is Flatten, is Cast, is Identity:
      return node.inputs[0].map {
        graph.dtype($0)?.isInteger == true && isNonNegative($0, in: graph, depth: depth + 1)
      }
        ?? false
    case is Concat, is Add, is Mul, is Max, is Div:
      return node.inputs.allSatisfy { $0.map { isNonNegative($0, in: graph, depth: depth + 1) } ?? false }
    default: return false
    }
  }

  public func rewrite(_ match: Match, _ finding: Void, _ patch: inout Patch) throws {
    patch.replace(match.value("y"), with: match.value("d"))
  }
}
