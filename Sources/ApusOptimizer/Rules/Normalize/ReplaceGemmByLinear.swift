public import ApusCore
import ApusOperators

/// Turns Gemm with a constant second matrix into Linear: transposition and factors go into the constants.
///
/// ```
/// %y = Gemm(%x, %w, %c) {transB: true}
/// ```
/// becomes
/// ```
/// %y = Linear(%x, %w', %c)
/// ```
/// A `c` of the result's full shape becomes the residual.
public struct ReplaceGemmByLinear: Rule {
  public struct Finding {
    let weight: Tensor
    let bias: Tensor?
    let residual: ValueID?
  }

  public init() {}

  public var patterns: [Pattern] {
    [.op(Gemm.self, "gemm", [.value("x"), .constant("w"), .optional(.value("c"))])]
  }

  public func check(_ match: Match, in graph: Graph) throws(Refusal) -> Finding {
    let node = graph[match.node("gemm")]
    guard let gemm = node.op as? Gemm, let w = graph.constant(match.value("w")), w.dtype.isFloat else {
      throw Refusal("Linear multiplies floats")
    }
    let weight = Self.weight(gemm, w)
    guard let c = match.optional("c"), gemm.beta != 0 else {
      return Finding(weight: weight, bias: nil, residual: nil)
    }
    let columns = weight.shape[1]
    if let constant = graph.constant(c), constant.shape.dropLast().allSatisfy({ $0 == 1 }) {
      let numbers = constant.doubles().map { $0 * gemm.beta }
      let all = numbers.count == 1 ? [Double](repeating: numbers[0], count: columns) : numbers
      guard all.count == columns else { throw Refusal("c does not have one number a column") }
      return Finding(weight: weight, bias: Tensor(doubles: all, w.dtype, [columns]), residual: nil)
    }
    guard gemm.beta == 1, graph.sameType(c, match.value("gemm")) else {
      throw Refusal("c is neither a constant row nor a tensor of the result's shape")
    }
    return Finding(weight: weight, bias: nil, residual: c)
  }

  /// `alpha * op(w)`.
  private static func weight(_ gemm: Gemm, _ w: Tensor) -> Tensor {
    guard gemm.transB || gemm.alpha != 1 else { return w }
    let numbers = w.doubles()
    let (rows, columns) = gemm.transB ? (w.shape[1], w.shape[0]) : (w.shape[0], w.shape[1])
    var result = [Double](repeating: 0, count: numbers.count)
    for row in 0..<rows {
      for column in 0..<columns {
        let from = gemm.transB ? column * rows + row : row * columns + column
        result[row * columns + column] = gemm.alpha * numbers[from]
      }
    }
    return Tensor(doubles: result, w.dtype, [rows, columns])
  }

  public func rewrite(_ match: Match, _ finding: Finding, _ patch: inout Patch) throws {
    guard let gemm = patch.graph[match.node("gemm")].op as? Gemm else { return }
    var x = match.value("x")
    if gemm.transA { x = try patch.add(Transpose([1, 0]), [x]) }
    let weight = patch.constant(finding.weight, name: patch.graph[match.value("w")].name)
    let bias = finding.bias.map { patch.constant($0) }
    var inputs = [x, weight, bias, finding.residual]
    while inputs.last == .some(nil) { inputs.removeLast() }
    let result = try patch.add(Linear(activation: gemm.activation), inputs)
    patch.replace(match.value("gemm"), with: result)
  }
}
