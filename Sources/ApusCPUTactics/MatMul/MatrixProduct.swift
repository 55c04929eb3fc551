import ApusCore
import ApusCPU
import ApusOperators
import ApusTactics

/// A product with its addends told apart: a constant row, or a matrix of the output's size.
struct MatrixProduct {
  var parameters: MatMulKernel.Parameters
  /// One FP32 element a column.
  var bias: Tensor?
  /// Inputs that the bias came from.
  var absorbed: Set<Int> = []

  init(_ parameters: MatMulKernel.Parameters) { self.parameters = parameters }

  /// nil when the bias is computed at run time.
  init?(_ linear: Linear, _ node: TacticNode) {
    guard let type = node.dtype, node.packingRefusal(2, "bias") == nil else { return nil }
    parameters = MatMulKernel.Parameters(type: type)
    parameters.activation = linear.activation
    parameters.residual = node.isPresent(3) ? 3 : nil
    bias = node.constant(2)?.inFloat32()
    parameters.hasBias = bias != nil
    if bias != nil { absorbed = [2] }
  }

  /// nil when the third input is neither a constant row nor a whole matrix.
  init?(_ gemm: Gemm, _ node: TacticNode) {
    guard let type = node.dtype else { return nil }
    parameters = MatMulKernel.Parameters(type: type)
    (parameters.transA, parameters.transB) = (gemm.transA, gemm.transB)
    (parameters.alpha, parameters.activation) = (gemm.alpha, gemm.activation)
    guard node.isPresent(2) else { return }
    guard let output = node.output()?.shape, output.count == 2 else { return nil }
    if let row = node.constant(2), let n = output[1].value, row.rank < 2 || row.shape[0] == 1,
      row.elementCount == n || row.elementCount == 1
    {
      let values = row.doubles().map { Float($0 * gemm.beta) }
      bias = Tensor(
        values.count == n ? values : [Float](repeating: values[0], count: n), shape: [n])
      parameters.hasBias = true
      absorbed = [2]
    } else {
      guard gemm.beta == 1, node.input(2)?.shape == output else { return nil }
      parameters.residual = 2
    }
  }
}
