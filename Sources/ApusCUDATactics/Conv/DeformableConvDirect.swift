import ApusCUDA
public import ApusCore
import ApusEngine
import ApusOperators
public import ApusTactics

/// DeformConv and ModulatedDeformConv2d: each output element reads its neighbours at computed places by linear interpolation.
public struct DeformableConvDirect: CUDATactic {
  public let name = "cuda.conv.deformable"
  let context: CUDAContext
  public var operators: [any Operator.Type] { [DeformConv.self, ModulatedDeformConv2d.self] }

  public func supports(_ node: TacticNode) -> Support {
    node.generalRefusal(types: \.isComputed).map { .no($0) } ?? .yes([.all(.rowMajor, node)])
  }

  func programs(_ node: ConcreteNode) throws -> [CUDAProgram] {
    let plugin = node.op as? ModulatedDeformConv2d
    guard let op = plugin?.convolution ?? node.op as? DeformConv else { throw node.missing("a window") }
    // Positions of x, weights, offsets, bias and mask.
    let at = plugin == nil ? Array(0..<5) : ModulatedDeformConv2d.order
    var conv = Conv()
    (conv.strides, conv.dilations, conv.pads) = (op.strides, op.dilations, op.pads)
    (conv.autoPad, conv.group) = (op.autoPad, op.group)
    let g = try conv.geometry(try node.input(at[0]).shape, try node.input(at[1]).shape)
    let (rank, taps, places) = (g.kernel.count, g.kernel.reduce(1, *), g.output.reduce(1, *))
    let channels = g.groups * g.inChannels
    let wide = try node.output().dtype.wideName
    var operands: [ElementLoop.Operand] = [
      try .read("x", at[0], node), try .read("w", at[1], node), try .read("offset", at[2], node),
    ]
    let (hasBias, hasMask) = (node.isPresent(at[3]), node.isPresent(at[4]))
    if hasBias { operands.append(try .read("bias", at[3], node)) }
    if hasMask { operands.append(try .read("mask", at[4], node)) }
    var lines = [
      "\(wide) sum = \(hasBias ? "T_bias::load(bias, i1)" : "0");",
      "const long long place = \(address((0..<rank).map { "i\($0 + 2)" }, g.output.rowMajorStrides));",
      "for (long long c = 0; c < \(g.inChannels)ll; c++) {",
      "const long long channel = i1 / \(g.outChannels)ll * \(g.inChannels)ll + c;",
      "const long long field = i0 * \(op.offsetGroup)ll + channel / \(channels / op.offsetGroup)ll;",
      "const long long plane = (i0 * \(channels)ll + channel) * \(g.input.reduce(1, *))ll;",
      "long long tap = 0;",
    ]
    for axis in 0..<rank {
      lines.append("for (long long k\(axis) = 0; k\(axis) < \(g.kernel[axis])ll; k\(axis)++) {")
    }
    for axis in 0..<rank {
      let base =
        "i\(axis + 2) * \(g.strides[axis])ll - \(g.begins[axis])ll + k\(axis) * \(g.dilations[axis])ll"
      let index = "((field * \(taps)ll + tap) * \(rank) + \(axis)) * \(places)ll + place"
      lines += [
        "const \(wide) p\(axis) = (\(wide))(\(base)) + T_offset::load(offset, \(index));",
        "const \(wide) low\(axis) = floor(p\(axis)), part\(axis) = p\(axis) - low\(axis);",
      ]
    }
    lines += [
      "\(wide) value = 0;", "for (int corner = 0; corner < \(1 << rank); corner++) {", "\(wide) weight = 1;",
    ]
    for axis in 0..<rank {
      lines += [
        "const int s\(axis) = corner >> \(axis) & 1;", "const \(wide) q\(axis) = low\(axis) + s\(axis);",
        "if (!(q\(axis) >= 0 && q\(axis) < \(g.input[axis]))) continue;",
        "weight *= s\(axis) ? part\(axis) : 1 - part\(axis);",
      ]
    }
    let from = address((0..<rank).map { "(long long)q\($0)" }, g.input.rowMajorStrides)
    let mask =
      hasMask ? "value *= T_mask::load(mask, (field * \(taps)ll + tap) * \(places)ll + place);" : ""
    lines += [
      "value += weight * T_x::load(x, plane + \(from));", "}", mask,
      "sum += value * T_w::load(w, (i1 * \(g.inChannels)ll + c) * \(taps)ll + tap);", "tap++;",
    ]
    lines += [String](repeating: "}", count: rank + 1) + ["T_y::put(y, index, sum);"]
    let loop = ElementLoop(
      name: "deform_conv", axes: try node.output().shape, operands: operands + [try .write("y", 0, node)],
      body: lines.joined(separator: "\n"))
    return [try loop.program(node)]
  }
}
