public import ApusCore
public import ApusEngine
public import ApusTactics
import ApusCPU
import ApusOperators

/// Elementwise operators, alone or fused, by the pointwise machine; any layout, broadcasts by strides.
public struct PointwiseTiles: Tactic {
  public let name = "cpu.pointwise.tiles"

  public var operators: [any Operator.Type] {
    [
      Abs.self, Acos.self, Acosh.self, Add.self, And.self, Asin.self, Asinh.self, Atan.self, Atanh.self,
      Cast.self,
      Ceil.self, Celu.self, Clip.self, Cos.self, Cosh.self, Div.self, Elu.self, Equal.self, Erf.self,
      Exp.self,
      Floor.self, Gelu.self, Greater.self, GreaterOrEqual.self, HardSigmoid.self, HardSwish.self,
      Identity.self,
      IsNaN.self, LeakyRelu.self, Less.self, LessOrEqual.self, Log.self, Max.self, Min.self, Mish.self,
      Mod.self,
      Mul.self, Neg.self, Not.self, Or.self, PRelu.self, Pointwise.self, Pow.self, Reciprocal.self, Relu.self,
      Round.self, Selu.self, Shrink.self, Sigmoid.self, Sign.self, Sin.self, Sinh.self, Softplus.self,
      Softsign.self,
      Sqrt.self, Sub.self, Sum.self, Swish.self, Tan.self, Tanh.self, ThresholdedRelu.self, Where.self,
      Xor.self,
    ]
  }

  public init() {}

  public func supports(_ node: TacticNode) -> Support {
    do throws(PointwiseCompiler.Refusal) { _ = try PointwiseCompiler.compile(node) } catch {
      return .no(error.reason)
    }
    let rank = node.outputs.first.flatMap { $0?.tensor?.rank } ?? 0
    guard (node.inputs + node.outputs).allSatisfy({ ($0?.tensor?.rank ?? 0) <= 8 }) else {
      return .no("rank above 8")
    }
    let rowMajor = LayoutSignature.all(.rowMajor, node)
    // Channels last means the same axis for all only where ranks agree or broadcasting leaves nothing to order.
    let aligned = node.inputs.allSatisfy { input in
      guard let shape = input?.tensor?.shape else { return input == nil }
      return shape.count == rank || shape.count < 3 || shape.dropFirst().allSatisfy { $0 == 1 }
    }
    return .yes(rank > 2 && aligned ? [rowMajor, .all(.channelsLast, node)] : [rowMajor])
  }

  public func build(_ node: TacticNode, layouts: LayoutSignature, constants: ConstantPool) throws
    -> BuiltKernel
  {
    let parameters: PointwiseKernel.Parameters
    do throws(PointwiseCompiler.Refusal) { parameters = try PointwiseCompiler.compile(node) } catch {
      throw ApusError(
        .internal, Problem(.internalError, error.reason, node: node.name, operator: node.op.operatorName))
    }
    return BuiltKernel(try PointwiseKernel.record(parameters, tactic: name), inPlace: inPlace(node))
  }

  /// The result may take the place of an input of the same type and shape.
  private func inPlace(_ node: TacticNode) -> [[Int]] {
    node.inputs.indices.filter { node.inputs[$0] == node.outputs.first ?? nil && node.constant($0) == nil }
      .map { [0, $0] }
  }
}
