import ApusCore

extension Activation {
  /// The `activation` and `activation_params` of fused operators in the domain `com.microsoft`.
  init(microsoft node: SourceNode) throws {
    let name = try node.string("activation", default: "")
    let parameters = try node.floats("activation_params") ?? []
    func parameter(_ index: Int, _ fallback: Double) -> Double {
      index < parameters.count ? parameters[index] : fallback
    }
    switch name {
    case "": self = .none
    case "Relu": self = .relu
    case "Sigmoid": self.init(.sigmoid)
    case "Tanh": self.init(.tanh)
    case "LeakyRelu": self.init(.leakyRelu, alpha: parameter(0, 0.01))
    case "Clip":
      let largest = Double(Float.greatestFiniteMagnitude)
      self.init(.clip, alpha: parameter(0, -largest), beta: parameter(1, largest))
    case "HardSigmoid": self.init(.hardSigmoid, alpha: parameter(0, 0.2), beta: parameter(1, 0.5))
    default:
      throw OperatorError(
        .unsupportedAttribute, "unknown fused activation", attribute: "activation", value: name,
        allowed: "Relu, Sigmoid, Tanh, LeakyRelu, Clip, HardSigmoid")
    }
  }
}
