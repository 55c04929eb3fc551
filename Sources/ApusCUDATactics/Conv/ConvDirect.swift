import ApusCUDA
public import ApusCore
import ApusEngine
import ApusOperators
public import ApusTactics

/// Convolutions that no tiled kernel takes, each output element by a thread: any number of axes, computed weights,
/// double precision, 8-bit integers with zero points.
public struct ConvDirect: CUDATactic {
  public let name = "cuda.conv.direct"
  let context: CUDAContext
  public var operators: [any Operator.Type] { [Conv.self, ConvInteger.self, QLinearConv.self] }

  public func supports(_ node: TacticNode) -> Support {
    if let reason = node.generalRefusal(types: { $0.kernelName != nil && $0.bitWidth >= 8 }) {
      return .no(reason)
    }
    if node.isServed(by: [ConvDepthwise(context: context), ConvImplicitGEMM(context: context)]) {
      return .no("a tiled kernel takes it")
    }
    if node.op is QLinearConv, node.output()?.dtype.isMiniFloat ?? true { return .no("the result's type") }
    return .yes([.all(.rowMajor, node)])
  }

  func programs(_ node: ConcreteNode) throws -> [CUDAProgram] {
    switch node.op {
    case let op as Conv: [try float(op, node)]
    case let op as ConvInteger: [try integer(op, node)]
    case let op as QLinearConv: [try quantized(op, node)]
    default: throw node.missing("a convolution")
    }
  }

  private func float(_ conv: Conv, _ node: ConcreteNode) throws -> CUDAProgram {
    let geometry = try conv.geometry(try node.input(0).shape, try node.input(1).shape)
    let output = try node.output()
    let wide = output.dtype.wideName
    var operands: [ElementLoop.Operand] = [try .read("x", 0, node), try .read("w", 1, node)]
    var sum = "sum"
    if node.isPresent(2) {
      operands.append(try .read("bias", 2, node))
      sum += " + T_bias::load(bias, i1)"
    }
    if node.isPresent(3) {
      operands.append(try .read("residual", 3, node))
      sum += " + T_residual::load(residual, index)"
    }
    let epilogue = try GeneralActivation(conv.activation, output.dtype, node)
    let loop = ElementLoop(
      name: "conv_direct", axes: output.shape, operands: operands + [try .write("y", 0, node)],
      body: """
        \(wide) sum = 0;
        \(geometry.window("sum += (\(wide))T_x::load(x, from) * (\(wide))T_w::load(w, weight);"))
        T_y::put(y, index, \(epilogue.apply("(\(wide))(\(sum))")));
        """, prologue: epilogue.prologue)
    return try loop.program(node)
  }

  private func integer(_ op: ConvInteger, _ node: ConcreteNode) throws -> CUDAProgram {
    let geometry = try op.conv.geometry(try node.input(0).shape, try node.input(1).shape)
    var operands: [ElementLoop.Operand] = [try .read("x", 0, node), try .read("w", 1, node)]
    let zeros = try zeroPoints([("x_zero", 2), ("w_zero", 3)], node, &operands)
    let wide = try node.input(0).dtype.isMiniFloat ? "double" : "long long"
    let loop = ElementLoop(
      name: "conv_integer", axes: try node.output().shape, operands: operands + [try .write("y", 0, node)],
      body: """
        \(wide) sum = 0;
        \(zeros)
        \(geometry.window("sum += ((\(wide))T_x::load(x, from) - x_zero_) * ((\(wide))T_w::load(w, weight) - w_zero_);"))
        T_y::put(y, index, (T_y::Number)sum);
        """)
    return try loop.program(node)
  }

  private func quantized(_ op: QLinearConv, _ node: ConcreteNode) throws -> CUDAProgram {
    let geometry = try op.conv.geometry(try node.input(0).shape, try node.input(3).shape)
    let output = try node.output()
    var operands: [ElementLoop.Operand] = [
      try .read("x", 0, node), try .read("w", 3, node), try .read("x_scale", 1, node),
      try .read("w_scale", 4, node), try .read("y_scale", 6, node), try .read("y_zero", 7, node),
    ]
    let zeros = try zeroPoints([("x_zero", 2), ("w_zero", 5)], node, &operands)
    if node.isPresent(8) { operands.append(try .read("bias", 8, node)) }
    let channel = try node.input(4).elementCount > 1 ? "i1" : "0"
    let loop = ElementLoop(
      name: "qconv", axes: output.shape, operands: operands + [try .write("y", 0, node)],
      body: """
        double sum = \(node.isPresent(8) ? "(double)T_bias::load(bias, i1)" : "0");
        \(zeros)
        \(geometry.window("sum += ((double)T_x::load(x, from) - x_zero_) * ((double)T_w::load(w, weight) - w_zero_);"))
        const double scale = (double)T_x_scale::load(x_scale, 0) * (double)T_w_scale::load(w_scale, \(channel))
          / (double)T_y_scale::load(y_scale, 0);
        T_y::put(y, index, (T_y::Number)(\(requantized("sum * scale", zero: "T_y_zero::load(y_zero, 0)", output.dtype))));
        """)
    return try loop.program(node)
  }

  /// Statements that read zero points: one, or one an output channel.
  private func zeroPoints(
    _ names: [(String, Int)], _ node: ConcreteNode, _ operands: inout [ElementLoop.Operand]
  ) throws -> String {
    try names.map { name, index in
      guard node.isPresent(index) else { return "const int \(name)_ = 0;" }
      operands.append(try .read(name, index, node))
      let isMany = try node.input(index).elementCount > 1
      return "const T_\(name)::Number \(name)_ = T_\(name)::load(\(name), \(isMany ? "i1" : "0"));"
    }.joined(separator: "\n")
  }
}

extension ConvolutionGeometry {
  /// Loops over what an output element `i0` (image), `i1` (channel), `i2`… reads: `statement` sees the places `from` in
  /// the input and `weight` in the weights.
  func window(_ statement: String) -> String {
    let rank = kernel.count
    let plane = input.reduce(1, *)
    let taps = kernel.reduce(1, *)
    var lines = [
      "const long long group = i1 / \(outChannels)ll;",
      "for (long long c = 0; c < \(inChannels)ll; c++) {",
      "const long long plane = ((i0 * \(groups)ll + group) * \(inChannels)ll + c) * \(plane)ll;",
      "const long long filter = (i1 * \(inChannels)ll + c) * \(taps)ll;",
    ]
    for axis in 0..<rank {
      lines += [
        "for (long long k\(axis) = 0; k\(axis) < \(kernel[axis])ll; k\(axis)++) {",
        "const long long p\(axis) = i\(axis + 2) * \(strides[axis])ll + k\(axis) * \(dilations[axis])ll - \(begins[axis])ll;",
        "if (p\(axis) < 0 || p\(axis) >= \(input[axis])ll) continue;",
      ]
    }
    let (places, steps) = ((0..<rank).map { "p\($0)" }, (0..<rank).map { "k\($0)" })
    lines += [
      "const long long from = plane + \(address(places, input.rowMajorStrides));",
      "const long long weight = filter + \(address(steps, kernel.rowMajorStrides));", statement,
    ]
    return (lines + [String](repeating: "}", count: rank + 1)).joined(separator: "\n")
  }
}
