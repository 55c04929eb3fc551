import ApusCUDA
public import ApusCore
import ApusEngine
import ApusOperators
public import ApusTactics

/// Col2Im: each element of the picture gathers the blocks that cover it.
public struct ColumnsToImage: CUDATactic {
  public let name = "cuda.col2im"
  let context: CUDAContext
  public var operators: [any Operator.Type] { [Col2Im.self] }

  public func supports(_ node: TacticNode) -> Support {
    if let reason = node.generalRefusal(types: { $0.isComputed || $0.isInteger && $0.bitWidth >= 8 }) {
      return .no(reason)
    }
    return node.rowMajor(steering: [1, 2])
  }

  func absorbed(_ node: TacticNode) -> Set<Int> { [1, 2] }

  func programs(_ node: ConcreteNode) throws -> [CUDAProgram] {
    guard let op = node.op as? Col2Im, let sizes = node.integers(1), let block = node.integers(2) else {
      throw node.missing("sizes")
    }
    let rank = sizes.count
    func filled(_ list: [Int], _ count: Int, _ value: Int) -> [Int] {
      list.isEmpty ? [Int](repeating: value, count: count) : list
    }
    let (strides, dilations) = (filled(op.strides, rank, 1), filled(op.dilations, rank, 1))
    let pads = filled(op.pads, 2 * rank, 0)
    let blocks = (0..<rank).map { axis -> Int in
      let padded: Int = sizes[axis] + pads[axis] + pads[rank + axis]
      let room: Int = padded - dilations[axis] * (block[axis] - 1) - 1
      return room / strides[axis] + 1
    }
    let output = try node.output()
    guard output.shape.count == rank + 2, Array(output.shape[2...]) == sizes,
      try node.input(0).shape[2] == blocks.reduce(1, *)
    else { throw node.refusal("columns that do not fit") }
    let wide = output.dtype.wideName
    var lines = ["\(wide) sum = 0;"]
    for axis in 0..<rank {
      lines += [
        "for (long long k\(axis) = 0; k\(axis) < \(block[axis])ll; k\(axis)++) {",
        "const long long r\(axis) = i\(axis + 2) + \(pads[axis])ll - k\(axis) * \(dilations[axis])ll;",
        "if (r\(axis) < 0 || r\(axis) % \(strides[axis])ll != 0 || r\(axis) / \(strides[axis])ll >= \(blocks[axis])ll) continue;",
        "const long long b\(axis) = r\(axis) / \(strides[axis])ll;",
      ]
    }
    let inside = address((0..<rank).map { "k\($0)" }, block.rowMajorStrides)
    let outside = address((0..<rank).map { "b\($0)" }, blocks.rowMajorStrides)
    let (taps, places) = (block.reduce(1, *), blocks.reduce(1, *))
    let column = "((i0 * \(output.shape[1])ll + i1) * \(taps)ll + \(inside)) * \(places)ll"
    lines.append("sum += T_x::load(x, \(column) + \(outside));")
    lines += [String](repeating: "}", count: rank) + ["T_y::put(y, index, sum);"]
    let loop = ElementLoop(
      name: "col2im", axes: output.shape, operands: [try .read("x", 0, node), try .write("y", 0, node)],
      body: lines.joined(separator: "\n"))
    return [try loop.program(node)]
  }
}
