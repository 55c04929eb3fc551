public import ApusCore
import ApusOperators

/// Reads a tensor that was joined with others where a Slice takes exactly its part out again.
///
/// ```
/// %c = Concat(%a: f32[1,2], %b: f32[1,3]) {axis: 1}
/// %y: f32[1,3] = Slice(%c, {2}, {5}, {1})
/// ```
/// goes; its readers read `%b`.
public struct RemoveSliceOfConcat: Rule {
  public init() {}

  public var patterns: [Pattern] {
    [
      .op(
        Slice.self, "y",
        [
          .op(Concat.self, "c", shared: true), .constant("starts"), .constant("ends"), .constant("axes"),
          .optional(.constant("steps")),
        ])
    ]
  }

  public func check(_ match: Match, in graph: Graph) throws(Refusal) -> ValueID {
    let node = graph[match.node("c")]
    guard let rank = graph.shape(match.value("c"))?.count, let concat = node.op as? Concat,
      let starts = graph.integers(match.value("starts")), let ends = graph.integers(match.value("ends")),
      let axes = graph.integers(match.value("axes")), starts.count == 1, ends.count == 1, axes.count == 1
    else { throw Refusal("it cuts along several axes") }
    let axis = concat.axis < 0 ? concat.axis + rank : concat.axis
    guard (axes[0] < 0 ? axes[0] + rank : axes[0]) == axis else { throw Refusal("cut along another axis") }
    if let steps = match.optional("steps"), graph.integers(steps) != [1] {
      throw Refusal("the step is not 1")
    }
    var place = 0
    for input in node.inputs {
      guard let input, let size = graph.shape(input)?[axis].value else {
        throw Refusal("a part has no fixed size")
      }
      if place == starts[0], size == graph.shape(match.value("y"))?[axis].value, ends[0] >= place + size {
        try graph.checkReplaceable(match.value("y"), by: input)
        return input
      }
      place += size
    }
    throw Refusal("no part is exactly what is cut out")
  }

  public func rewrite(_ match: Match, _ part: ValueID, _ patch: inout Patch) throws {
    patch.replace(match.value("y"), with: part)
  }
}
