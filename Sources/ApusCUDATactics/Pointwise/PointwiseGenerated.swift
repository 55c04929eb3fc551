import ApusCUDA
public import ApusCore
import ApusEngine
import ApusOperators
public import ApusTactics

/// Elementwise operators, alone or fused, by a kernel generated for them: any broadcast, any layout.
public struct PointwiseGenerated: CUDATactic {
  public let name = "cuda.pointwise"
  let context: CUDAContext
  public var operators: [any Operator.Type] {
    [
      Abs.self, Acos.self, Acosh.self, Add.self, And.self, Asin.self, Asinh.self, Atan.self, Atanh.self,
      BitShift.self, BitwiseAnd.self, BitwiseNot.self, BitwiseOr.self, BitwiseXor.self, Cast.self, Ceil.self,
      Celu.self, Clip.self, Cos.self, Cosh.self, Div.self, Elu.self, Equal.self, Erf.self, Exp.self,
      Floor.self,
      Gelu.self, Greater.self, GreaterOrEqual.self, HardSigmoid.self, HardSwish.self, Identity.self,
      IsInf.self,
      IsNaN.self, LeakyRelu.self, Less.self, LessOrEqual.self, Log.self, Max.self, Mean.self, Min.self,
      Mish.self, Mod.self, Mul.self, Neg.self, Not.self, Or.self, PRelu.self, Pointwise.self, Pow.self,
      Reciprocal.self, Relu.self, Round.self, Selu.self, Shrink.self, Sigmoid.self, Sign.self, Sin.self,
      Sinh.self, Softplus.self, Softsign.self, Sqrt.self, Sub.self, Sum.self, Swish.self, Tan.self, Tanh.self,
      ThresholdedRelu.self, Where.self, Xor.self,
    ]
  }

  public func supports(_ node: TacticNode) -> Support {
    guard node.inputs.allSatisfy({ $0 == nil || $0?.tensor?.shape != nil }) else {
      return .no("unknown ranks")
    }
    guard let rank = node.output()?.rank else { return .no("the output's rank is unknown") }
    do {
      _ = try body(node.op, node.inputs.map { $0?.tensor?.dtype }, node.outputs.map { $0?.tensor?.dtype })
    } catch { return .no((error as? PointwiseBody.Refusal)?.reason ?? "\(error)") }
    guard node.outputs.count == 1 || node.outputs.allSatisfy({ $0 != nil }) else {
      return .no("unused outputs")
    }
    var found = [LayoutSignature.all(.rowMajor, node)]
    if rank > 2 {
      let inputs = node.inputs.map { type -> Layout? in
        type.map { $0.tensor?.rank == rank ? .channelsLast : .rowMajor }
      }
      found.append(LayoutSignature(inputs: inputs, outputs: node.outputs.map { _ in .channelsLast }))
    }
    return .yes(found)
  }

  private func body(_ op: any Operator, _ inputs: [DType?], _ outputs: [DType?]) throws -> PointwiseBody {
    try PointwiseBody(op, inputs: inputs, outputs: outputs.compactMap { $0 }, scalars: [])
  }

  func inPlace(_ node: TacticNode) -> [[Int]] {
    node.inputs.indices.filter { node.input($0).map { $0 == node.output() } ?? false }.map { [0, $0] }
  }

  func programs(_ node: ConcreteNode) throws -> [CUDAProgram] {
    let body = try body(node.op, node.inputs.map { $0?.dtype }, node.outputs.map { $0?.dtype })
    let source = try PointwiseSource(body, inputs: node.inputs, outputs: node.outputs)
    return [CUDAProgram("generated", source.spec(), source.operands)]
  }
}
