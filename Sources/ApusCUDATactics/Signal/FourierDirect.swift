import ApusCUDA
public import ApusCore
import ApusEngine
import ApusOperators
public import ApusTactics
import Glibc

/// DFT and STFT by their definition, in double precision with a table of roots.
public struct FourierDirect: CUDATactic {
  public let name = "cuda.fourier"
  let context: CUDAContext
  public var operators: [any Operator.Type] { [DFT.self, STFT.self] }

  public func supports(_ node: TacticNode) -> Support {
    if let reason = node.generalRefusal(types: { $0.isComputed || $0.isInteger }) { return .no(reason) }
    return node.rowMajor(steering: node.op is DFT ? [1, 2] : [1, 3])
  }

  func absorbed(_ node: TacticNode) -> Set<Int> { node.op is DFT ? [1, 2] : [1, 3] }

  func programs(_ node: ConcreteNode) throws -> [CUDAProgram] {
    switch node.op {
    case let op as DFT: [try transform(op, node)]
    case is STFT: [try frames(node)]
    default: throw node.missing("a transform")
    }
  }

  /// Real and imaginary parts of all roots of one.
  private func roots(_ length: Int, inverse: Bool) -> Tensor {
    let step = (inverse ? 2 : -2) * Double.pi / Double(length)
    let parts = (0..<length).flatMap { [cos(step * Double($0)), sin(step * Double($0))] }
    return Tensor(doubles: parts, .f64, [parts.count])
  }

  /// The sum over `i` below `given`; `load` sets `re` and `im`.
  private func sum(_ frequency: String, _ given: Int, _ length: Int, _ load: String) -> String {
    """
    double real = 0, imaginary = 0;
    long long turn = 0;
    for (long long i = 0; i < \(given)ll; i++) {
    double re, im;
    \(load)
    const double c = roots[2 * turn], s = roots[2 * turn + 1];
    real += re * c - im * s;
    imaginary += re * s + im * c;
    turn = (turn + \(frequency)) % \(length)ll;
    }
    """
  }

  private func transform(_ op: DFT, _ node: ConcreteNode) throws -> CUDAProgram {
    let (shape, result) = (try node.input(0).shape, try node.output().shape)
    let rank = shape.count
    let axis = try normalizedAxis(node.integers(2)?.first ?? op.axis, rank: rank)
    let (given, count, parts) = (shape[axis], result[axis], shape[rank - 1])
    let isReal = op.inverse && op.oneSided
    let length = node.integers(1)?.first ?? (isReal ? 2 * (given - 1) : given)
    let inner = shape[(axis + 1)..<(rank - 1)].reduce(1, *)
    let read = """
      const long long at = ((i0 * \(given)ll + from) * \(inner)ll + i2) * \(parts);
      re = T_x::load(x, at);
      im = \(parts == 2 ? "T_x::load(x, at + 1)" : "0");
      """
    // The second half of a real signal's spectrum mirrors the first.
    let load =
      isReal
      ? """
      const long long from = i < \(length / 2 + 1)ll ? i : \(length)ll - i;
      re = im = 0;
      if (from < \(given)ll) {
      \(read)
      if (i == 0 || 2 * i == \(length)ll) im = 0;
      else if (from != i) im = -im;
      }
      """ : "const long long from = i;\n\(read)"
    let factor = op.inverse ? literal(1 / Double(length)) : "1"
    var loop = ElementLoop(
      name: "dft", axes: [shape[..<axis].reduce(1, *), count, inner],
      operands: [try .read("x", 0, node), try .write("y", 0, node)],
      body: """
        \(sum("i1", isReal ? length : min(given, length), length, load))
        \(isReal ? "" : "T_y::put(y, 2 * index + 1, (T_y::Number)(imaginary * \(factor)));")
        T_y::put(y, \(isReal ? "index" : "2 * index"), (T_y::Number)(real * \(factor)));
        """)
    loop.add("roots", roots(length, inverse: op.inverse))
    return try loop.program(node)
  }

  private func frames(_ node: ConcreteNode) throws -> CUDAProgram {
    let (shape, result) = (try node.input(0).shape, try node.output().shape)
    guard let step = node.integers(1)?.first else { throw node.missing("a frame step") }
    let hasWindow = node.isPresent(2)
    let frame =
      try node.integers(3)?.first ?? (hasWindow ? node.input(2).elementCount : shape[1])
    let parts = shape[2]
    var operands: [ElementLoop.Operand] = [try .read("x", 0, node)]
    if hasWindow { operands.append(try .read("window", 2, node)) }
    let load = """
      const long long at = (i0 * \(shape[1])ll + i1 * \(step)ll + i) * \(parts);
      const double weight = \(hasWindow ? "T_window::load(window, i)" : "1");
      re = weight * T_x::load(x, at);
      im = \(parts == 2 ? "weight * T_x::load(x, at + 1)" : "0");
      """
    var loop = ElementLoop(
      name: "stft", axes: Array(result.dropLast()), operands: operands + [try .write("y", 0, node)],
      body: """
        \(sum("i2", frame, frame, load))
        T_y::put(y, 2 * index, (T_y::Number)real);
        T_y::put(y, 2 * index + 1, (T_y::Number)imaginary);
        """)
    loop.add("roots", roots(frame, inverse: false))
    return try loop.program(node)
  }
}
