import Glibc

import ApusCore

/// A function inside a recurrent cell.
public struct RecurrentActivation: Hashable, Sendable, Codable {
  public enum Kind: String, Hashable, Sendable, Codable {
    case relu, tanh, sigmoid, affine, leakyRelu, thresholdedRelu, scaledTanh, hardSigmoid, elu, softsign,
      softplus
  }

  public var kind: Kind
  public var alpha: Double
  public var beta: Double

  public init(_ kind: Kind, alpha: Double = 0, beta: Double = 0) {
    self.kind = kind
    self.alpha = alpha
    self.beta = beta
  }

  public func apply(_ x: Double) -> Double {
    switch kind {
    case .relu: max(x, 0)
    case .tanh: Glibc.tanh(x)
    case .sigmoid: 1 / (1 + exp(-x))
    case .affine: alpha * x + beta
    case .leakyRelu: x < 0 ? alpha * x : x
    case .thresholdedRelu: x >= alpha ? x : 0
    case .scaledTanh: alpha * Glibc.tanh(beta * x)
    case .hardSigmoid: min(max(alpha * x + beta, 0), 1)
    case .elu: x < 0 ? alpha * expm1(x) : x
    case .softsign: x / (1 + abs(x))
    case .softplus: max(x, 0) + log1p(exp(-abs(x)))
    }
  }

  /// The functions that a node names, with parameters taken from its lists in order; nil when it names none.
  static func list(onnx node: SourceNode) throws -> [RecurrentActivation]? {
    guard let names = try node.strings("activations") else { return nil }
    var alphas = (try node.floats("activation_alpha") ?? [])[...]
    var betas = (try node.floats("activation_beta") ?? [])[...]
    return try names.map { name in
      guard let (kind, alpha, beta) = known[name.lowercased()] else {
        throw OperatorError(
          .unsupportedAttribute, "unknown function in a recurrent cell", attribute: "activations",
          value: name,
          allowed: known.keys.sorted().joined(separator: ", "))
      }
      return RecurrentActivation(
        kind, alpha: alpha.map { alphas.popFirst() ?? $0 } ?? 0,
        beta: beta.map { betas.popFirst() ?? $0 } ?? 0)
    }
  }

  /// Functions by their ONNX names, with the defaults of the parameters that they take.
  private static let known: [String: (Kind, Double?, Double?)] = [
    "relu": (.relu, nil, nil), "tanh": (.tanh, nil, nil), "sigmoid": (.sigmoid, nil, nil),
    "affine": (.affine, 1, 0), "leakyrelu": (.leakyRelu, 0.01, nil),
    "thresholdedrelu": (.thresholdedRelu, 1, nil),
    "scaledtanh": (.scaledTanh, 1, 1), "hardsigmoid": (.hardSigmoid, 0.2, 0.5), "elu": (.elu, 1, nil),
    "softsign": (.softsign, nil, nil), "softplus": (.softplus, nil, nil),
  ]
}
