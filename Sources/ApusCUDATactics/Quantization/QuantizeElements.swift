import ApusCUDA
public import ApusCore
import ApusEngine
import ApusOperators
public import ApusTactics

/// QuantizeLinear and DequantizeLinear of every type, with one scale, one a place of an axis, or one a block.
public struct QuantizeElements: CUDATactic {
  public let name = "cuda.quantize"
  let context: CUDAContext
  public var operators: [any Operator.Type] { [DequantizeLinear.self, QuantizeLinear.self] }

  public func supports(_ node: TacticNode) -> Support {
    node.generalRefusal().map { .no($0) } ?? .yes([.all(.rowMajor, node)])
  }

  func programs(_ node: ConcreteNode) throws -> [CUDAProgram] {
    let (input, scale, output) = (try node.input(0), try node.input(1), try node.output())
    var operands: [ElementLoop.Operand] = [try .read("x", 0, node), try .read("scale", 1, node)]
    if node.isPresent(2) { operands.append(try .read("zero", 2, node)) }
    let zero = node.isPresent(2) ? "(double)T_zero::load(zero, at)" : "0.0"
    switch node.op {
    case let op as DequantizeLinear:
      let at = parameter(input.shape, scale.shape, axis: op.axis, blockSize: op.blockSize, "index")
      let loop = ElementLoop(
        name: "dequantize", axes: [input.elementCount], operands: operands + [try .write("y", 0, node)],
        body: """
          const long long at = \(at);
          const double v = (double)T_x::load(x, index) - \(zero);
          T_y::put(y, index, (T_y::Number)(v * (double)T_scale::load(scale, at)));
          """)
      return [try loop.program(node)]
    case let op as QuantizeLinear:
      return [try quantize(op, input, scale, output, zero, operands, node).program(node)]
    default: throw node.missing("a scale")
    }
  }

  /// A thread writes a byte: several elements of types under eight bits.
  private func quantize(
    _ op: QuantizeLinear, _ input: TensorDescriptor, _ scale: TensorDescriptor, _ output: TensorDescriptor,
    _ zero: String, _ operands: [ElementLoop.Operand], _ node: ConcreteNode
  ) throws -> ElementLoop {
    let type = op.precision ?? (scale.dtype.isMiniFloat || scale.dtype == .i32 ? input.dtype : scale.dtype)
    // The quotient is rounded in this type before anything else; integers and doubles keep it.
    guard type == .i32 || type.isComputed else { throw node.refusal("quotients in \(type.rawValue)") }
    let quotient = type.rounded("(double)T_x::load(x, element) / (double)T_scale::load(scale, at)")
    let bits = output.dtype.bitWidth
    let perStore = max(1, 8 / bits)
    let value: String
    if let range = output.dtype.integerRange {
      let (low, high) = (literal(Double(range.lowerBound)), literal(Double(range.upperBound)))
      value =
        "const double v = rint(q) + \(zero); const long long e = v != v ? 0 : (long long)fmin(fmax(v, \(low)), \(high));"
    } else {
      value = "const u32 e = T_y::bits(roundedToOdd(q + \(zero)), \(op.saturate));"
    }
    return ElementLoop(
      name: "quantize", axes: [(input.elementCount + perStore - 1) / perStore],
      operands: operands + [try .write("y", 0, node)],
      body: """
        long long bits = 0;
        for (int j = 0; j < \(perStore); j++) {
        const long long element = index * \(perStore) + j;
        if (element >= \(input.elementCount)ll) break;
        const long long at = \(parameter(input.shape, scale.shape, axis: op.axis, blockSize: op.blockSize, "element"));
        const double q = \(quotient);
        \(value)
        bits |= \(perStore == 1 ? "(long long)e" : "(long long)(e & \((1 << bits) - 1)) << (j * \(bits))");
        }
        y[index] = (T_y::Store)bits;
        """)
  }

  /// Place of an element's scale.
  private func parameter(
    _ shape: [Int], _ parameters: [Int], axis: Int, blockSize: Int, _ element: String
  ) -> String {
    guard parameters.elementCount != 1 else { return "0" }
    let place = axis < 0 ? axis + shape.count : axis
    let (size, inner) = (shape[place], shape[(place + 1)...].reduce(1, *))
    let row = "\(element) / \(inner)ll"
    guard blockSize > 0 else { return "\(row) % \(size)ll" }
    let block = "\(row) % \(size)ll / \(blockSize)ll"
    return "(\(row) / \(size)ll * \(parameters[place])ll + \(block)) * \(inner)ll + \(element) % \(inner)ll"
  }
}
