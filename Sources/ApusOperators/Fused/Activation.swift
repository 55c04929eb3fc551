import Glibc

/// A function that a heavy operator applies to its result before storing it: `activation` of Conv, Gemm and others.
public struct Activation: Hashable, Sendable, Codable {
  /// Which function; `alpha` and `beta` are its parameters, named below.
  public enum Kind: String, Hashable, Sendable, Codable {
    case none, relu, sigmoid, tanh, silu, hardSwish, gelu, geluTanh, mish, softplus
    /// Slope `alpha` below zero.
    case leakyRelu
    /// Between `alpha` and `beta`.
    case clip
    /// `alpha * (exp(x) - 1)` below zero.
    case elu
    /// `clip(alpha * x + beta, 0, 1)`.
    case hardSigmoid
  }

  public var kind: Kind
  public var alpha: Double
  public var beta: Double

  public init(_ kind: Kind = .none, alpha: Double = 0, beta: Double = 0) {
    self.kind = kind
    self.alpha = alpha
    self.beta = beta
  }

  public static let none = Activation()
  public static let relu = Activation(.relu)
}

extension Activation {
  /// The function in double precision.
  public func apply(_ x: Double) -> Double {
    switch kind {
    case .none: x
    case .relu: x < 0 ? 0 : x
    case .sigmoid: 1 / (1 + exp(-x))
    case .tanh: Glibc.tanh(x)
    case .silu: x / (1 + exp(-x))
    case .hardSwish: x * min(max(x / 6 + 0.5, 0), 1)
    case .gelu: 0.5 * x * (1 + erf(x * 0.5.squareRoot()))
    case .geluTanh:
      0.5 * x * (1 + Glibc.tanh((2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)))
    case .mish: x * Glibc.tanh(max(x, 0) + log1p(exp(-abs(x))))
    case .softplus: max(x, 0) + log1p(exp(-abs(x)))
    case .leakyRelu: x < 0 ? alpha * x : x
    case .clip: x.isNaN ? x : min(max(x, alpha), beta)
    case .elu: x < 0 ? alpha * expm1(x) : x
    case .hardSigmoid: x.isNaN ? x : min(max(alpha * x + beta, 0), 1)
    }
  }
}
