import ApusCUDA
public import ApusCore
import ApusEngine
import ApusOperators
public import ApusTactics

/// Pooling that the channels-last kernel does not take: any number of axes and type, windows that hang over the end,
/// indices, p-norms.
public struct PoolingDirect: CUDATactic {
  public let name = "cuda.pooling.direct"
  let context: CUDAContext
  public var operators: [any Operator.Type] { [AveragePool.self, LpPool.self, MaxPool.self] }

  public func supports(_ node: TacticNode) -> Support {
    if let reason = node.generalRefusal() { return .no(reason) }
    if node.isServed(by: [PoolingNHWC(context: context)]) { return .no("a specialised kernel takes it") }
    return .yes([.all(.rowMajor, node)])
  }

  func programs(_ node: ConcreteNode) throws -> [CUDAProgram] {
    guard let pool = node.op as? any PoolingOperator else { throw node.missing("a window") }
    let (input, output) = (try node.input(0), try node.output())
    let geometry = try pool.geometry(input.shape)
    var operands: [ElementLoop.Operand] = [try .read("x", 0, node), try .write("y", 0, node)]
    let wide = input.dtype.wideName
    let body: String
    switch node.op {
    case let op as AveragePool: body = average(op, geometry, input.shape[1], wide)
    case let op as LpPool: body = norm(op, geometry, input.shape[1], wide)
    case let op as MaxPool:
      let hasIndices = node.outputs.count > 1 && node.outputs[1] != nil
      if hasIndices { operands.append(try .write("places", 1, node)) }
      body = largest(op, geometry, input, hasIndices: hasIndices)
    default: throw node.missing("a kind of pooling")
    }
    let loop = ElementLoop(name: "pool_direct", axes: output.shape, operands: operands, body: body)
    return [try loop.program(node)]
  }

  private func average(_ op: AveragePool, _ g: PoolingGeometry, _ channels: Int, _ wide: String) -> String {
    // Places beyond the end padding never count.
    let padded = g.kernel.indices.map { axis in
      """
      long long n\(axis) = 0;
      for (long long k = 0; k < \(g.kernel[axis])ll; k++)
        n\(axis) += i\(axis + 2) * \(g.strides[axis])ll + k * \(g.dilations[axis])ll - \(g.begins[axis])ll < \(g.input[axis] + g.ends[axis])ll;
      """
    }
    let all = g.kernel.indices.map { "n\($0)" }.joined(separator: " * ")
    return """
      \(wide) sum = 0;
      long long count = 0;
      \(g.window(channels, "sum += T_x::load(x, from); count++;"))
      \(op.countIncludePad ? padded.joined(separator: "\n") + "\ncount = \(all);" : "")
      T_y::put(y, index, count == 0 ? 0 : sum / (\(wide))count);
      """
  }

  private func norm(_ op: LpPool, _ g: PoolingGeometry, _ channels: Int, _ wide: String) -> String {
    let power = { (x: String, p: Double) in
      p == 1 ? x : p == 2 ? "\(x) * \(x)" : "(\(wide))pow((double)\(x), \(literal(p)))"
    }
    let root = op.p == 1 ? "sum" : op.p == 2 ? "sqrt(sum)" : "pow((double)sum, \(literal(1 / op.p)))"
    return """
      \(wide) sum = 0;
      \(g.window(channels, "const \(wide) v = fabs(T_x::load(x, from)); sum += \(power("v", op.p));"))
      T_y::put(y, index, (\(wide))\(root));
      """
  }

  private func largest(
    _ op: MaxPool, _ g: PoolingGeometry, _ input: TensorDescriptor, hasIndices: Bool
  ) -> String {
    let lowest = input.dtype.integerRange.map { "\($0.lowerBound)ll" } ?? "__int_as_float(0xff800000)"
    let (channels, plane) = (input.shape[1], g.input.reduce(1, *))
    var places = ""
    if hasIndices {
      var (column, stride) = ("", 1)
      for axis in g.input.indices {
        let own = g.input[(axis + 1)...].reduce(1, *)
        column += "\(column.isEmpty ? "" : " + ")place / \(own)ll % \(g.input[axis])ll * \(stride)ll"
        stride *= g.input[axis]
      }
      let within = op.columnMajor ? "(place < 0 ? place : \(column))" : "place"
      places = "T_places::put(places, index, start + \(within));"
    }
    return """
      T_x::Number best = (T_x::Number)\(lowest);
      long long place = -1;
      const long long start = (i0 * \(channels)ll + i1) * \(plane)ll;
      \(g.window(channels, "const T_x::Number v = T_x::load(x, from); if (place < 0 || v > best) { best = v; place = from - start; }"))
      T_y::put(y, index, best);
      \(places)
      """
  }
}

extension PoolingGeometry {
  /// Loops over the input elements of the window of `i0` (image), `i1` (channel), `i2`…, at places `from`.
  func window(_ channels: Int, _ statement: String) -> String {
    let plane = input.reduce(1, *)
    var lines = ["{", "const long long plane = (i0 * \(channels)ll + i1) * \(plane)ll;"]
    for axis in kernel.indices {
      lines += [
        "for (long long k\(axis) = 0; k\(axis) < \(kernel[axis])ll; k\(axis)++) {",
        "const long long p\(axis) = i\(axis + 2) * \(strides[axis])ll + k\(axis) * \(dilations[axis])ll - \(begins[axis])ll;",
        "if (p\(axis) < 0 || p\(axis) >= \(input[axis])ll) continue;",
      ]
    }
    let places = kernel.indices.map { "p\($0)" }
    lines += ["const long long from = plane + \(address(places, input.rowMajorStrides));", statement]
    return (lines + [String](repeating: "}", count: kernel.count + 1)).joined(separator: "\n")
  }
}
