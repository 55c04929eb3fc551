public import ApusCore
public import ApusOperators

/// Replaces a CastLike, whose type is known before it runs, by a Cast.
///
/// ```
/// %y = CastLike(%x, %like: f16[])
/// ```
/// becomes
/// ```
/// %y = Cast(%x) {to: "f16"}
/// ```
public struct ReplaceCastLikeByCast: Rule {
  public init() {}

  public var patterns: [Pattern] { [.op(CastLike.self, "y", [.value("x"), .value("like")])] }

  public func check(_ match: Match, in graph: Graph) throws(Refusal) -> Cast {
    guard let op = graph.producer(of: match.value("y"))?.op as? CastLike else {
      throw Refusal("not a CastLike")
    }
    guard let dtype = graph.dtype(match.value("like")) else { throw Refusal("the type is unknown") }
    var cast = Cast(to: dtype)
    cast.saturate = op.saturate
    cast.roundMode = op.roundMode
    return cast
  }

  public func rewrite(_ match: Match, _ cast: Cast, _ patch: inout Patch) throws {
    patch.replace(match.value("y"), with: try patch.add(cast, [match.value("x")]))
  }
}
