import ApusCUDA
public import ApusCore
import ApusEngine
import ApusOperators
public import ApusTactics

/// Transposed convolution: each output element gathers the input elements that reach it.
public struct ConvTransposeDirect: CUDATactic {
  public let name = "cuda.conv-transpose.direct"
  let context: CUDAContext
  public var operators: [any Operator.Type] { [ConvTranspose.self] }

  public func supports(_ node: TacticNode) -> Support {
    node.generalRefusal(types: \.isComputed).map { .no($0) } ?? .yes([.all(.rowMajor, node)])
  }

  func programs(_ node: ConcreteNode) throws -> [CUDAProgram] {
    guard let op = node.op as? ConvTranspose else { throw node.missing("a window") }
    // `input` is this operator's output, `output` its input.
    let g = try op.geometry(try node.input(0).shape, try node.input(1).shape)
    let output = try node.output()
    let wide = output.dtype.wideName
    var operands: [ElementLoop.Operand] = [try .read("x", 0, node), try .read("w", 1, node)]
    if node.isPresent(2) { operands.append(try .read("bias", 2, node)) }
    let epilogue = try GeneralActivation(op.activation, output.dtype, node)
    let loop = ElementLoop(
      name: "conv_transpose", axes: output.shape, operands: operands + [try .write("y", 0, node)],
      body: """
        \(wide) sum = \(node.isPresent(2) ? "T_bias::load(bias, i1)" : "0");
        \(gather(g, wide))
        T_y::put(y, index, \(epilogue.apply("sum")));
        """, prologue: epilogue.prologue)
    return [try loop.program(node)]
  }

  private func gather(_ g: ConvolutionGeometry, _ wide: String) -> String {
    let rank = g.kernel.count
    let (plane, taps) = (g.output.reduce(1, *), g.kernel.reduce(1, *))
    var lines = [
      "const long long group = i1 / \(g.inChannels)ll, made = i1 % \(g.inChannels)ll;",
      "for (long long c = 0; c < \(g.outChannels)ll; c++) {",
      "const long long channel = group * \(g.outChannels)ll + c;",
      "const long long plane = (i0 * \(g.groups * g.outChannels)ll + channel) * \(plane)ll;",
      "const long long filter = (channel * \(g.inChannels)ll + made) * \(taps)ll;",
    ]
    for axis in 0..<rank {
      let stride = g.strides[axis]
      lines += [
        "for (long long k\(axis) = 0; k\(axis) < \(g.kernel[axis])ll; k\(axis)++) {",
        "const long long r\(axis) = i\(axis + 2) + \(g.begins[axis])ll - k\(axis) * \(g.dilations[axis])ll;",
        "if (r\(axis) < 0 || r\(axis) % \(stride)ll != 0 || r\(axis) / \(stride)ll >= \(g.output[axis])ll) continue;",
        "const long long p\(axis) = r\(axis) / \(stride)ll;",
      ]
    }
    let (places, steps) = ((0..<rank).map { "p\($0)" }, (0..<rank).map { "k\($0)" })
    let (from, weight) = (address(places, g.output.rowMajorStrides), address(steps, g.kernel.rowMajorStrides))
    lines.append("sum += (\(wide))T_x::load(x, plane + \(from)) * (\(wide))T_w::load(w, filter + \(weight));")
    return (lines + [String](repeating: "}", count: rank + 1)).joined(separator: "\n")
  }
}
