public import ApusCore
import ApusOperators

/// Products that libraries compute beside our kernels: odd sizes, both kinds of weights, every epilogue, batches.
///
/// - Parameter dtype: FP16, BF16 or FP32.
public func libraryProductCases(_ dtype: DType) -> [NodeCase] {
  linearCases(dtype) + gemmCases(dtype) + matmulCases(dtype)
}

/// Convolutions that libraries compute beside our kernels: odd sizes, strides, dilation, groups, every part of the
/// epilogue.
public func libraryConvolutionCases(_ dtype: DType) -> [NodeCase] {
  func conv(
    _ input: [Int?], _ weights: [Int], bias: Bool = true, residual: [Int?]? = nil,
    _ change: (inout Conv) -> Void = { _ in }
  ) -> NodeCase {
    var op = Conv()
    change(&op)
    let scale = 1 / Double(weights[1...].reduce(1, *)).squareRoot()
    let inputs: [NodeCase.Input] = [
      .fed(dtype, input), .random(dtype, weights, scale: scale),
      bias ? .random(dtype, [weights[0]]) : .absent, residual.map { .fed(dtype, $0) } ?? .absent,
    ]
    return NodeCase(
      op, residual == nil ? Array(inputs.prefix(3)) : inputs, tolerance: tolerance(dtype))
  }
  return [
    conv([nil, 64, 14, 14], [64, 64, 3, 3]) { ($0.pads, $0.activation) = ([1, 1, 1, 1], .relu) },
    conv([nil, 64, 9, 11], [128, 64, 1, 1], residual: [nil, 128, 9, 11]) { $0.activation = .relu },
    conv([nil, 32, 13, 11], [48, 32, 3, 3]) { ($0.strides, $0.pads) = ([2, 2], [1, 1, 1, 1]) },
    conv([nil, 32, 12, 12], [32, 32, 3, 3], bias: false) {
      ($0.dilations, $0.pads) = ([2, 2], [2, 2, 2, 2])
    },
    conv([nil, 24, 7, 7], [40, 24, 1, 1]),
    conv([nil, 64, 10, 10], [64, 16, 3, 3]) {
      ($0.group, $0.pads, $0.activation) = (4, [1, 1, 1, 1], .relu)
    },
    conv([nil, 16, 20, 20], [32, 16, 5, 5], residual: [nil, 32, 10, 10]) {
      ($0.strides, $0.pads) = ([2, 2], [2, 2, 2, 2])
    },
  ]
}

private func tolerance(_ dtype: DType) -> Double? { dtype == .f16 ? 4e-3 : nil }

private func linearCases(_ dtype: DType) -> [NodeCase] {
  let weights = { (k: Int, n: Int) in
    NodeCase.Input.random(dtype, [k, n], scale: 1 / Double(k).squareRoot())
  }
  func linear(_ kind: Activation.Kind, _ inputs: [NodeCase.Input]) -> NodeCase {
    NodeCase(Linear(activation: Activation(kind)), inputs, tolerance: tolerance(dtype))
  }
  return [
    linear(.none, [.fed(dtype, [nil, 7, 40]), weights(40, 24)]),
    linear(.none, [.fed(dtype, [nil, 33]), weights(33, 5), .random(dtype, [5])]),
    linear(.relu, [.fed(dtype, [nil, 19, 136]), weights(136, 72), .random(dtype, [72])]),
    linear(.relu, [.fed(dtype, [nil, 64]), weights(64, 128)]),
    linear(.geluTanh, [.fed(dtype, [nil, 128]), weights(128, 96), .random(dtype, [96])]),
    linear(
      .none, [.fed(dtype, [nil, 9, 64]), weights(64, 56), .random(dtype, [56]), .fed(dtype, [nil, 9, 56])]),
    linear(.relu, [.fed(dtype, [nil, 31]), weights(31, 17), .absent, .fed(dtype, [nil, 17])]),
  ]
}

private func gemmCases(_ dtype: DType) -> [NodeCase] {
  func gemm(_ inputs: [NodeCase.Input], _ change: (inout Gemm) -> Void) -> NodeCase {
    var op = Gemm()
    change(&op)
    return NodeCase(op, inputs, tolerance: tolerance(dtype))
  }
  return [
    gemm([.fed(dtype, [nil, 48]), .random(dtype, [24, 48], scale: 0.1), .random(dtype, [24])]) {
      $0.transB = true
    },
    gemm([.fed(dtype, [21, nil]), .fed(dtype, [13, 21]), .fed(dtype, [13])]) {
      ($0.transA, $0.transB, $0.alpha) = (true, true, 0.5)
    },
    gemm([.fed(dtype, [16, nil]), .random(dtype, [16, 8]), .fed(dtype, [nil, 8])]) {
      ($0.transA, $0.alpha, $0.beta) = (true, 0.25, 2)
      $0.activation = Activation(.relu)
    },
    gemm([.fed(dtype, [nil, 40]), .fed(dtype, [40, 64])]) { $0.alpha = -1.5 },
  ]
}

private func matmulCases(_ dtype: DType) -> [NodeCase] {
  [
    [.fed(dtype, [nil, 12, 33, 64]), .fed(dtype, [nil, 12, 64, 33])],
    [.fed(dtype, [nil, 5, 7]), .fed(dtype, [nil, 7, 3])],
    [.fed(dtype, [nil, 6, 16]), .fed(dtype, [16, 24])],
    [.fed(dtype, [1, 6, 16]), .fed(dtype, [nil, 16, 24])],
    [.fed(dtype, [10, 24]), .fed(dtype, [nil, 2, 24, 8])],
  ].map { NodeCase(MatMul(), $0, tolerance: tolerance(dtype)) }
}
