import ApusCUDA
public import ApusCore
import ApusEngine
import ApusOperators
public import ApusTactics

/// AffineGrid: a thread a coordinate.
public struct AffineGridPlaces: CUDATactic {
  public let name = "cuda.affine-grid"
  let context: CUDAContext
  public var operators: [any Operator.Type] { [AffineGrid.self] }

  public func supports(_ node: TacticNode) -> Support {
    if let reason = node.generalRefusal() { return .no(reason) }
    return node.rowMajor(steering: [1])
  }

  func absorbed(_ node: TacticNode) -> Set<Int> { [1] }

  func programs(_ node: ConcreteNode) throws -> [CUDAProgram] {
    guard let op = node.op as? AffineGrid else { throw node.missing("a size") }
    let output = try node.output()
    let rank = output.shape.count - 2
    let row = "i\(rank + 1)"
    // The innermost axis comes first in a grid.
    let terms = (0..<rank).map { place -> String in
      let axis = rank - place
      let size = output.shape[axis]
      let coordinate =
        !op.alignCorners
        ? "(-1 + (2.0 * i\(axis) + 1) / \(size))" : size == 1 ? "0" : "(-1 + 2.0 * i\(axis) / \(size - 1))"
      return "T_theta::load(theta, start + \(place)) * \(coordinate)"
    }
    let loop = ElementLoop(
      name: "affine_grid", axes: output.shape,
      operands: [try .read("theta", 0, node), try .write("y", 0, node)],
      body: """
        const long long start = (i0 * \(rank) + \(row)) * \(rank + 1);
        T_y::put(y, index, (T_y::Number)(\(terms.joined(separator: " + ")) + T_theta::load(theta, start + \(rank))));
        """)
    return [try loop.program(node)]
  }
}
