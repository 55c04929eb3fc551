import ApusCUDA
public import ApusCore
import ApusEngine
import ApusOperators
public import ApusTactics

/// TopK: every element counts those that come before it along the axis, and goes to that place if it is one of the
/// first. Ties and NaN are in the reference's order.
public struct TopKByRank: CUDATactic {
  public let name = "cuda.top-k"
  /// Comparisons grow with the square of the axis.
  static let longest = 1 << 16
  let context: CUDAContext
  public var operators: [any Operator.Type] { [TopK.self] }

  public func supports(_ node: TacticNode) -> Support {
    if let reason = node.generalRefusal(types: { $0.kernelName != nil && $0.bitWidth >= 8 }) {
      return .no(reason)
    }
    guard node.outputs.count == 2, node.outputs.allSatisfy({ $0 != nil }) else {
      return .no("unused outputs")
    }
    return node.rowMajor(steering: [1])
  }

  func absorbed(_ node: TacticNode) -> Set<Int> { [1] }

  func programs(_ node: ConcreteNode) throws -> [CUDAProgram] {
    guard let op = node.op as? TopK else { throw node.missing("an axis") }
    let (shape, result) = (try node.input(0).shape, try node.output().shape)
    let axis = try normalizedAxis(op.axis, rank: shape.count)
    let (size, k) = (shape[axis], result[axis])
    guard size <= Self.longest else { throw node.refusal("an axis of \(size) elements") }
    let inner = shape[(axis + 1)...].reduce(1, *)
    let dtype = try node.input(0).dtype
    let above =
      dtype.isFloat
      ? "(other == other ? mine == mine && other > mine : mine == mine)" : "other > mine"
    let below =
      dtype.isFloat
      ? "(mine == mine ? other == other && other < mine : other == other)" : "other < mine"
    let loop = ElementLoop(
      name: "top_k", axes: [shape[..<axis].reduce(1, *), size, inner],
      operands: [try .read("x", 0, node), try .write("y", 0, node), try .write("places", 1, node)],
      body: """
        const long long line = i0 * \(size * inner)ll + i2;
        const auto value = [&](long long i) { return T_x::load(x, line + i * \(inner)ll); };
        const auto mine = value(i1);
        long long rank = 0;
        for (long long i = 0; i < \(size)ll; i++) {
        const auto other = value(i);
        const bool comes = \(op.largest ? above : below), goes = \(op.largest ? below : above);
        rank += comes || (!goes && i < i1);
        }
        if (rank >= \(k)ll) return;
        const long long to = (i0 * \(k)ll + rank) * \(inner)ll + i2;
        y[to] = x[index];
        places[to] = i1;
        """)
    return [try loop.program(node)]
  }
}
