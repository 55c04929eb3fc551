import ApusCore
public import ApusOperators
import CApusKernels

/// Bias, activation and residual of a heavy kernel, as its record keeps them.
public struct EpilogueParameters: Codable, Sendable {
  public var activation: Activation
  /// Position of the residual among the inputs; nil: none.
  public var residual: Int?

  public init(activation: Activation = .none, residual: Int? = nil) {
    self.activation = activation
    self.residual = residual
  }

  /// The C form; `bias` is filled in by the caller.
  func native() -> apus_epilogue {
    var epilogue = apus_epilogue()
    let (kind, alpha, beta) = activation.native
    epilogue.activation = kind
    epilogue.alpha = alpha
    epilogue.beta = beta
    return epilogue
  }
}

extension Activation {
  /// The kernels' code and parameters.
  var native: (apus_activation, Float, Float) {
    let (a, b) = (Float(alpha), Float(beta))
    return switch kind {
    case .none: (APUS_ACT_NONE, 0, 0)
    case .relu: (APUS_ACT_RELU, 0, 0)
    case .sigmoid: (APUS_ACT_SIGMOID, 0, 0)
    case .tanh: (APUS_ACT_TANH, 0, 0)
    case .silu: (APUS_ACT_SILU, 1, 0)
    case .hardSwish: (APUS_ACT_HARD_SWISH, 0, 0)
    case .gelu: (APUS_ACT_GELU, 0, 0)
    case .geluTanh: (APUS_ACT_GELU_TANH, 0, 0)
    case .mish: (APUS_ACT_MISH, 0, 0)
    case .softplus: (APUS_ACT_SOFTPLUS, 0, 0)
    case .leakyRelu: (APUS_ACT_LEAKY_RELU, a, 0)
    case .clip: (APUS_ACT_CLIP, a, b)
    case .elu: (APUS_ACT_ELU, a, 0)
    case .hardSigmoid: (APUS_ACT_HARD_SIGMOID, a, b)
    }
  }
}
