public import ApusCore
import ApusOperators

/// Merges two Casts when the first loses nothing.
///
/// ```
/// %a: f32[n] = Cast(%x: f16[n]) {to: "f32"}
/// %y: f64[n] = Cast(%a) {to: "f64"}
/// ```
/// becomes
/// ```
/// %y: f64[n] = Cast(%x) {to: "f64"}
/// ```
public struct MergeCasts: Rule {
  public init() {}

  public var patterns: [Pattern] {
    [.op(Cast.self, "y", [.op(Cast.self, "a", [.value("x")], shared: true)])]
  }

  public func check(_ match: Match, in graph: Graph) throws(Refusal) {
    guard let from = graph.dtype(match.value("x")), let middle = graph.dtype(match.value("a")),
      Self.isExact(from, middle)
    else { throw Refusal("the first cast may lose something") }
  }

  /// Whether every number of one type is one of the other.
  private static func isExact(_ from: DType, _ to: DType) -> Bool {
    if from == .bool { return to.isInteger || to.isFloat && !to.isMiniFloat }
    if let a = from.integerRange, let b = to.integerRange, from != .u64 {
      return b.contains(a.lowerBound) && b.contains(a.upperBound)
    }
    switch (from, to) {
    case (.f16, .f32), (.bf16, .f32), (.f16, .f64), (.bf16, .f64), (.f32, .f64): return true
    default: return from.isInteger && (to == .f64 && from.bitWidth <= 32 || to == .f32 && from.bitWidth <= 16)
    }
  }

  public func rewrite(_ match: Match, _ finding: Void, _ patch: inout Patch) throws {
    let op = patch.graph[match.node("y")].op
    patch.replace(match.value("y"), with: try patch.add(op, [match.value("x")]))
  }
}
