import ApusCUDA
public import ApusCore
import ApusEngine
import ApusOperators
public import ApusTactics

/// Resize along any axes in every mode: what each place along an axis reads comes from tables that the host computes
/// in double precision.
public struct ResizeGeneral: CUDATactic {
  public let name = "cuda.resize.general"
  let context: CUDAContext
  public var operators: [any Operator.Type] { [Resize.self] }

  public func supports(_ node: TacticNode) -> Support {
    guard let op = node.op as? Resize, let dtype = node.dtype else { return .no("unknown types") }
    guard dtype.kernelName != nil, dtype.bitWidth >= 8, op.mode == .nearest || !dtype.isMiniFloat,
      node.input(0)?.shape != nil
    else { return .no("element type \(dtype.rawValue)") }
    for index in 1..<4 where node.isPresent(index) {
      guard node.constant(index) != nil || (index < node.contents.count && node.contents[index] != nil) else {
        return .no("scales or sizes are computed at run time")
      }
    }
    // The specialised kernel may find that it lacks a size only when it is built.
    let preferred = ResizeNHWC(context: context)
    if node.isServed(by: [preferred]), let signature = preferred.supports(node).signatures.first {
      let sizes = node.sizes.isEmpty ? [[:]] : node.sizes
      let fits = sizes.allSatisfy { symbols in
        ConcreteNode(node, signature, symbols: symbols).map { (try? preferred.programs($0)) != nil } ?? false
      }
      if fits { return .no("a specialised kernel takes it") }
    }
    return .yes([
      LayoutSignature(inputs: node.inputs.indices.map { $0 == 0 ? .rowMajor : nil }, outputs: [.rowMajor])
    ])
  }

  func absorbed(_ node: TacticNode) -> Set<Int> { [1, 2, 3] }

  func programs(_ node: ConcreteNode) throws -> [CUDAProgram] {
    guard let op = node.op as? Resize else { throw node.missing("a mode") }
    let (input, output) = (try node.input(0), try node.output())
    let known = node.inputs.indices.map {
      node.constant($0) ?? ($0 < node.contents.count ? node.contents[$0] : nil)
    }
    let plans = try op.axisPlans(Operands(known), input.shape)
    let isNearest = op.mode == .nearest
    var loop = ElementLoop(
      name: "resize_general", axes: output.shape,
      operands: [try .read("x", 0, node), try .write("y", 0, node)], body: "")
    var setup: [String] = []
    var heads: [String] = []
    var (terms, weights): ([String], [String]) = ([], [])
    let strides = input.shape.rowMajorStrides
    let wide = input.dtype == .f64 || input.dtype.isInteger ? "double" : "float"
    for (axis, plan) in plans.enumerated() {
      guard !plan.isIdentity else {
        terms.append("i\(axis) * \(strides[axis])ll")
        continue
      }
      // Outside the input indices are -1.
      let taps = isNearest ? nil : try plan.taps(of: op)
      let width = taps?.map(\.indices.count).max() ?? 1
      let indices =
        try taps?.flatMap { $0.padded(width).indices } ?? plan.nearestIndices(op.nearest).map { max($0, -1) }
      loop.add("at\(axis)", Tensor(indices.map { Int32($0) }, shape: [indices.count]))
      setup.append("outside |= T_at\(axis)::load(at\(axis), i\(axis) * \(width)ll) < 0;")
      heads.append("for (int k\(axis) = 0; k\(axis) < \(width); k\(axis)++) {")
      terms.append(
        "T_at\(axis)::load(at\(axis), i\(axis) * \(width)ll\(isNearest ? "" : " + k\(axis)")) * \(strides[axis])ll"
      )
      if let taps {
        let values = taps.flatMap { $0.padded(width).weights }
        let dtype: DType = wide == "double" ? .f64 : .f32
        loop.add("part\(axis)", Tensor(doubles: values, dtype, [values.count]))
        weights.append("T_part\(axis)::load(part\(axis), i\(axis) * \(width)ll + k\(axis))")
      }
    }
    let from = terms.isEmpty ? "0ll" : terms.joined(separator: " + ")
    let fill = "(T_y::Number)\(literal(op.extrapolationValue))"
    if isNearest {
      loop.body = """
        bool outside = false;
        \(setup.joined(separator: "\n"))
        T_y::Number v = \(fill);
        if (!outside) v = T_x::load(x, \(from));
        T_y::put(y, index, v);
        """
    } else {
      let product = weights.isEmpty ? "1" : weights.joined(separator: " * ")
      let range = input.dtype.integerRange
      let result = range.map {
        "(T_y::Number)fmin(fmax(rint(sum), \(literal(Double($0.lowerBound)))), \(literal(Double($0.upperBound))))"
      }
      loop.body = """
        bool outside = false;
        \(setup.joined(separator: "\n"))
        \(wide) sum = 0;
        if (!outside) {
        \(heads.joined(separator: "\n"))
        sum += (\(product)) * (\(wide))T_x::load(x, \(from));
        \(heads.map { _ in "}" }.joined())
        }
        T_y::put(y, index, outside ? \(fill) : \(result ?? "sum"));
        """
    }
    return [try loop.program(node)]
  }
}

extension AxisResampling.Taps {
  /// The same sum of `width` inputs; beyond the input every index is -1.
  fileprivate func padded(_ width: Int) -> (indices: [Int], weights: [Double]) {
    let missing = width - indices.count
    let filler = indices.isEmpty ? -1 : indices[0]
    return (
      indices + [Int](repeating: filler, count: missing), weights + [Double](repeating: 0, count: missing)
    )
  }
}

extension Support {
  /// Layouts with which a node can be run.
  var signatures: [LayoutSignature] {
    if case .yes(let signatures) = self { return signatures }
    return []
  }
}
