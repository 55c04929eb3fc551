import ApusCUDA
public import ApusCore
import ApusEngine
import ApusOperators
public import ApusTactics

/// Losses of class scores against labels, with the logarithm of the softmax where the operator has one.
public struct ClassLosses: CUDATactic {
  public let name = "cuda.class-loss"
  let context: CUDAContext
  public var operators: [any Operator.Type] {
    [NegativeLogLikelihoodLoss.self, SoftmaxCrossEntropyLoss.self]
  }

  public func supports(_ node: TacticNode) -> Support {
    guard let dtype = node.dtype, dtype.isFloat, !dtype.isMiniFloat else { return .no("element type") }
    guard let labels = node.input(1)?.dtype, labels.isIndex else { return .no("type of the labels") }
    guard node.input(0)?.rank != nil else { return .no("the rank is unknown") }
    return .yes([.all(.rowMajor, node)])
  }

  func programs(_ node: ConcreteNode) throws -> [CUDAProgram] {
    let scores = try node.input(0)
    let (reduction, ignored) =
      (node.op as? SoftmaxCrossEntropyLoss).map { ($0.reduction, $0.ignoredLabel) }
      ?? (node.op as? NegativeLogLikelihoodLoss).map { ($0.reduction, $0.ignoredLabel) } ?? (.mean, nil)
    let lines = AxisLines(scores.shape, axis: 1)
    // Logarithms are kept as exact as they are computed.
    let wide: DType = scores.dtype == .f64 ? .f64 : .f32
    let hasSoftmax = node.op is SoftmaxCrossEntropyLoss
    var launches: [CUDAProgram.Launch] = []
    func logarithms(_ dtype: DType, _ place: CUDAProgram.Operand) {
      var kernel = AxisLineMap.kernel(lines, AxisLineMap.logSoftmax, scores.dtype)
      kernel.defines.removeAll { $0.name == "OUT" }
      kernel.defines.append(.init("OUT", "Element_\(dtype.rawValue)"))
      launches.append(.init(spec: kernel.spec(), operands: ["input": .input(0), "output": place]))
    }
    if hasSoftmax {
      logarithms(wide, .temporary(0))
      if node.outputs.count > 1, node.outputs[1] != nil { logarithms(scores.dtype, .output(1)) }
    }
    let count = try node.input(1).elementCount
    if node.outputs.first.flatMap({ $0 }) != nil {
      let kernel = GeneralKernel(
        "class_loss.cu", items: reduction == .none ? count : 1, lanes: reduction == .none ? 1 : 256,
        types: [
          "SCORE": hasSoftmax ? wide : scores.dtype, "WEIGHT": scores.dtype, "LABEL": try node.input(1).dtype,
          "OUT": try node.output().dtype,
        ],
        defines: [
          .init("CLASSES", lines.size), .init("INNER", lines.inner), .init("COUNT", count),
          .init("REDUCTION", reduction == .none ? 0 : reduction == .mean ? 1 : 2),
          .init("IGNORES", ignored != nil), .init("IGNORED", "\(ignored ?? 0)ll"),
        ], operands: ["scores", "labels", "weights", "output"])
      var operands: [String: CUDAProgram.Operand] = [
        "scores": hasSoftmax ? .temporary(0) : .input(0), "labels": .input(1), "output": .output(0),
      ]
      if node.isPresent(2) { operands["weights"] = .input(2) }
      launches.append(.init(spec: kernel.spec(), operands: operands))
    }
    return [
      CUDAProgram(
        "class loss", launches, temporaryBytes: hasSoftmax ? scores.elementCount * wide.bitWidth / 8 : 0)
    ]
  }
}
