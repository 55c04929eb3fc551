import ApusCUDA
public import ApusCore
import ApusEngine
import ApusOperators
public import ApusTactics

/// Sampling at the places of a grid, over any number of axes; places are computed in double precision, so that the
/// nearest element is the reference's.
public struct GridSampleDirect: CUDATactic {
  public let name = "cuda.grid-sample"
  let context: CUDAContext
  public var operators: [any Operator.Type] { [GridSample.self] }

  public func supports(_ node: TacticNode) -> Support {
    node.generalRefusal(types: { $0.isComputed || $0.isInteger && $0.bitWidth >= 8 }).map { .no($0) }
      ?? .yes([.all(.rowMajor, node)])
  }

  func programs(_ node: ConcreteNode) throws -> [CUDAProgram] {
    guard let op = node.op as? GridSample else { throw node.missing("a mode") }
    let (input, grid, output) = (try node.input(0), try node.input(1), try node.output())
    let sizes = Array(input.shape.dropFirst(2))
    guard !sizes.contains(0) else { throw node.refusal("pictures without elements") }
    let rank = sizes.count
    let places = (0..<rank).map { "i\($0 + 2)" }
    let spatial = Array(output.shape.dropFirst(2))
    let strides = sizes.rowMajorStrides
    var lines = [
      "const long long plane = (i0 * \(input.shape[1])ll + i1) * \(sizes.reduce(1, *))ll;",
      "const long long place = (i0 * \(spatial.reduce(1, *))ll + \(address(places, spatial.rowMajorStrides))) * \(rank)ll;",
      "double sum = 0;",
    ]
    for axis in 0..<rank {
      // The innermost axis comes first in the grid.
      lines.append(
        "const Place s\(axis)((double)T_grid::load(grid, place + \(rank - 1 - axis)), \(sizes[axis]));")
    }
    let taps = op.mode == .nearest ? 1 : op.mode == .linear ? 2 : 4
    for axis in 0..<rank {
      lines += [
        "for (int k\(axis) = 0; k\(axis) < \(taps); k\(axis)++) {",
        "const long long p\(axis) = s\(axis).element(k\(axis));", "if (p\(axis) < 0) continue;",
      ]
    }
    let weight = (0..<rank).map { "s\($0).weight(k\($0))" }.joined(separator: " * ")
    let from = address((0..<rank).map { "p\($0)" }, strides)
    lines.append("sum += \(weight) * (double)T_x::load(x, plane + \(from));")
    lines += [String](repeating: "}", count: rank)
    let range = output.dtype.integerRange
    let result = range.map {
      "fmin(fmax(rint(sum), \(literal(Double($0.lowerBound)))), \(literal(Double($0.upperBound))))"
    }
    lines.append("T_y::put(y, index, (T_y::Number)(\(result ?? "sum")));")
    let loop = ElementLoop(
      name: "grid_sample", axes: output.shape,
      operands: [try .read("x", 0, node), try .read("grid", 1, node), try .write("y", 0, node)],
      body: lines.joined(separator: "\n"), prologue: prologue(op, grid))
    return [try loop.program(node)]
  }

  private func prologue(_ op: GridSample, _ grid: TensorDescriptor) -> String {
    let mode: Int =
      switch op.mode {
      case .nearest: 0
      case .linear: 1
      case .cubic: 2
      }
    let padding: Int =
      switch op.padding {
      case .zeros: 0
      case .border: 1
      case .reflection: 2
      }
    return """
      #define MODE \(mode)
      #define PADDING \(padding)
      #define CORNERS \(op.alignCorners ? 1 : 0)
      #include "grid.cuh"
      """
  }
}
