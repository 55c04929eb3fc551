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
