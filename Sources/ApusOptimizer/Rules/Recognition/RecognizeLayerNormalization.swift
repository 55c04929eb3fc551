public import ApusCore
import ApusOperators

/// Recognizes `(x - mean) / sqrt(variance + epsilon)` over the last axes.
///
/// ```
/// %m = ReduceMean(%x, axes)
/// %d = Sub(%x, %m)
/// %q = Pow(%d, 2)
/// %v = ReduceMean(%q, axes)
/// %e = Add(%v, epsilon)
/// %s = Sqrt(%e)
/// %y = Div(%d, %s)
/// ```
/// becomes
/// ```
/// %y = LayerNormalization(%x, ones) {axis: -1, epsilon: …}
/// ```
/// The scale and bias that follow are taken in by `FuseNormalizationScale` and `FuseNormalizationBias`.
public struct RecognizeLayerNormalization: Rule {
  public struct Finding {
    let axis: Int
    let epsilon: Double
    let size: [Int]
  }

  public init() {}

  public var patterns: [Pattern] {
    let mean = Pattern.op(ReduceMean.self, "mean", [.value("x"), .optional(.constant("axes"))])
    let difference = Pattern.op(Sub.self, "d", [.value("x"), mean])
    return NormalizationCore.patterns(difference)
  }

  public func check(_ match: Match, in graph: Graph) throws(Refusal) -> Finding {
    let core = try NormalizationCore(match, of: match.value("x"), in: graph)
    let first = try NormalizationCore.lastAxes(graph[match.node("mean")], of: match.value("x"), in: graph)
    guard first == core.axis else { throw Refusal("mean and variance are over different axes") }
    return Finding(axis: core.axis, epsilon: core.epsilon, size: core.size)
  }

  public func rewrite(_ match: Match, _ finding: Finding, _ patch: inout Patch) throws {
    let x = match.value("x")
    let dtype = patch.graph[x].type.tensor?.dtype ?? .f32
    let ones = patch.constant(Tensor(filling: 1, dtype, finding.size))
    let op = LayerNormalization(axis: -finding.size.count, epsilon: finding.epsilon)
    patch.replace(match.value("y"), with: try patch.add(op, [x, ones]))
  }
}

/// What layer and RMS normalization share: a value over the root of its mean square.
struct NormalizationCore {
  let axis: Int
  let epsilon: Double
  /// Sizes of the normalized axes.
  let size: [Int]

  /// `d / sqrt(mean(d²) + epsilon)` in its spellings; the root is bound to "y".
  static func patterns(_ d: Pattern) -> [Pattern] {
    let squares: [Pattern] = [
      .op(Mul.self, "square", [d, d]), .op(Pow.self, "square", [d, .constant("two")]),
    ]
    var all: [Pattern] = []
    for square in squares {
      let mean = Pattern.op(ReduceMean.self, "variance", [square, .optional(.constant("axes2"))])
      let root = Pattern.op(
        Sqrt.self, "root", [.op(Add.self, "sum", [mean, .constant("epsilon")], commutative: true)])
      let inverse = Pattern.either([
        .op(Reciprocal.self, "inverse", [root]), .op(Div.self, "inverse", [.constant("one"), root]),
      ])
      all.append(.op(Div.self, "y", [d, root]))
      all.append(.op(Mul.self, "y", [d, inverse], commutative: true))
    }
    return all
  }

  init(_ match: Match, of x: ValueID, in graph: Graph) throws(Refusal) {
    if let two = match.optional("two"), graph.scalar(two) != 2 { throw Refusal("the exponent is not 2") }
    if let one = match.optional("one"), graph.scalar(one) != 1 { throw Refusal("the dividend is not 1") }
    guard let epsilon = graph.scalar(match.value("epsilon")), epsilon >= 0 else {
      throw Refusal("epsilon is no single number")
    }
    axis = try Self.lastAxes(graph[match.node("variance")], of: x, in: graph)
    guard let shape = graph.shape(x) else { throw Refusal("the shape is unknown") }
    size = shape[axis...].compactMap(\.value)
    guard size.count == shape.count - axis else { throw Refusal("a normalized axis has no fixed size") }
    guard graph.sameType(x, match.value("y")), graph.dtype(x)?.isFloat == true else {
      throw Refusal("the shape changes, or these are no floats")
    }
    self.epsilon = epsilon
  }

  /// The first of the axes that a mean is over, when these are the last ones and stay with size 1.
  static func lastAxes(_ node: Graph.Node, of x: ValueID, in graph: Graph) throws(Refusal) -> Int {
    guard let mean = node.op as? ReduceMean, mean.keepDims else { throw Refusal("the mean drops its axes") }
    guard let rank = graph.shape(x)?.count else { throw Refusal("the rank is unknown") }
    guard node.inputs.count > 1, let axes = graph.integers(node.inputs[1]), !axes.isEmpty else {
      throw Refusal("the mean is over all axes")
    }
    let places = axes.map { $0 < 0 ? $0 + rank : $0 }.sorted()
    guard places == Array((rank - places.count)..<rank) else {
      throw Refusal("the mean is not over the last axes")
    }
    return places[0]
  }
}
