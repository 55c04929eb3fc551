import ApusCUDA
public import ApusCore
import ApusEngine
import ApusOperators
public import ApusTactics

/// MaxUnpool: places are marked with the last element that goes there, then gathered, so that equal indices give the
/// same result every time.
public struct UnpoolScatter: CUDATactic {
  public let name = "cuda.max-unpool"
  let context: CUDAContext
  public var operators: [any Operator.Type] { [MaxUnpool.self] }

  public func supports(_ node: TacticNode) -> Support {
    if let reason = node.generalRefusal(types: { $0.kernelName != nil && $0.bitWidth >= 8 }) {
      return .no(reason)
    }
    return node.rowMajor(steering: [2])
  }

  func absorbed(_ node: TacticNode) -> Set<Int> { [2] }

  func programs(_ node: ConcreteNode) throws -> [CUDAProgram] {
    guard let op = node.op as? MaxUnpool else { throw node.missing("a kernel") }
    let (input, output) = (try node.input(0).shape, try node.output().shape)
    let rank = op.kernel.count
    let natural =
      input[..<2]
      + (0..<rank).map { axis in
        let padding = op.pads.isEmpty ? 0 : op.pads[axis] + op.pads[rank + axis]
        return (input[axis + 2] - 1) * (op.strides.isEmpty ? 1 : op.strides[axis]) + op.kernel[axis] - padding
      }
    let count = natural.reduce(1, *)
    guard count > 0, count < Int(Int32.max), input.count == rank + 2, zip(output, natural).allSatisfy(>=)
    else {
      throw node.refusal("sizes")
    }
    let marks = ElementLoop.Operand(name: "marks", dtype: .i32, place: .temporary(0), isResult: true)
    var known = marks
    known.isResult = false
    let clear = ElementLoop(
      name: "unpool_clear", axes: [count], operands: [marks], body: "marks[index] = -1;")
    let mark = ElementLoop(
      name: "unpool_mark", axes: [input.reduce(1, *)], operands: [try .read("places", 1, node), marks],
      body: """
        long long place = places[index];
        if (place < 0) place += \(count)ll;
        if (place >= 0 && place < \(count)ll) atomicMax(marks + place, (int)index);
        """)
    let inside = natural.indices.map { "i\($0) < \(natural[$0])ll" }.joined(separator: " && ")
    let gather = ElementLoop(
      name: "unpool_gather", axes: output,
      operands: [try .read("x", 0, node), known, try .write("y", 0, node)],
      body: """
        const int from = \(inside) ? marks[\(address(natural.indices.map { "i\($0)" }, Array(natural).rowMajorStrides))] : -1;
        T_y::Store v = {};
        if (from >= 0) v = x[from];
        y[index] = v;
        """)
    return [
      CUDAProgram(
        "max unpool", [try clear.launch(node), try mark.launch(node), try gather.launch(node)],
        temporaryBytes: count * 4)
    ]
  }
}
