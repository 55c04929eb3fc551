import ApusCUDA
public import ApusCore
import ApusEngine
import ApusOperators
public import ApusTactics

/// LRN: each element by the squares of its neighbouring channels.
public struct ChannelNeighbours: CUDATactic {
  public let name = "cuda.lrn"
  let context: CUDAContext
  public var operators: [any Operator.Type] { [LRN.self] }

  public func supports(_ node: TacticNode) -> Support {
    node.generalRefusal(types: \.isComputed).map { .no($0) } ?? .yes([.all(.rowMajor, node)])
  }

  func programs(_ node: ConcreteNode) throws -> [CUDAProgram] {
    guard let op = node.op as? LRN else { throw node.missing("a size") }
    let shape = try node.input(0).shape
    let (channels, plane) = (shape[1], shape[2...].reduce(1, *))
    let wide = try node.output().dtype.wideName
    let loop = ElementLoop(
      name: "lrn", axes: [shape[0], channels, plane],
      operands: [try .read("x", 0, node), try .write("y", 0, node)],
      body: """
        long long first = i1 - \((op.size - 1) / 2)ll, last = i1 + \(op.size / 2)ll;
        first = first < 0 ? 0 : first;
        last = last > \(channels - 1)ll ? \(channels - 1)ll : last;
        \(wide) sum = 0;
        for (long long c = first; c <= last; c++) {
        const \(wide) v = T_x::load(x, (i0 * \(channels)ll + c) * \(plane)ll + i2);
        sum += v * v;
        }
        const \(wide) base = (\(wide))\(literal(op.bias)) + (\(wide))\(literal(op.alpha / Double(op.size))) * sum;
        T_y::put(y, index, T_x::load(x, index) / (\(wide))pow(base, (\(wide))\(literal(op.beta))));
        """)
    return [try loop.program(node)]
  }
}
