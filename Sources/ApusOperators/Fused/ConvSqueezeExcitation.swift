public import ApusCore

/// A convolution with the gate of a squeeze-and-excitation layer on its result.
///
/// Inputs: those of `Conv` (x, weight, bias, residual), then those of `SqueezeExcitation` without x. Outputs: the
/// convolution's result, not yet multiplied, and the gate.
public struct ConvSqueezeExcitation: Operator {
  public var conv = Conv()
  public var layer = SqueezeExcitation()

  /// Position of the layer's first weight among the inputs.
  static let weights = 4

  public init() {}

  public init(conv: Conv, layer: SqueezeExcitation) {
    self.conv = conv
    self.layer = layer
  }

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    let result = try conv.infer(context)
    guard let type = result[0].tensor else { return result + [.tensor(.f32, nil)] }
    return result + [try layer.gateType(context, of: type, weightsAt: Self.weights)]
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let result = try conv.evaluate(operands)
    guard let tensor = result[0].tensor else { return result }
    return result + [.tensor(try layer.gate(of: tensor, operands, weightsAt: Self.weights))]
  }
}
