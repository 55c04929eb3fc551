public import ApusCore

/// `x * Φ(x)`, with the normal distribution's Φ exact or approximated by tanh. ONNX Gelu 20.
public struct Gelu: UnaryMath {
  public enum Approximation: String, Hashable, Sendable, Codable { case none, tanh }
  public var approximate = Approximation.none

  public static var importers: [Importer] {
    [
      .onnx("Gelu", since: 20) { node in
        let text = try node.string("approximate", default: "none")
        guard let approximate = Approximation(rawValue: text) else {
          throw OperatorError(
            .unsupportedAttribute, "unknown approximation", attribute: "approximate", value: text,
            allowed: "none, tanh")
        }
        return Gelu(approximate)
      },
      .onnx("Gelu", domain: "com.microsoft") { _ in Gelu() },
      .microsoft("BiasGelu", Gelu()),
      .microsoft("FastGelu", Gelu(.tanh)),
    ]
  }

  public init() {}
  public init(_ approximate: Approximation) { self.approximate = approximate }

  public func apply(_ x: Double) -> Double {
    Activation(approximate == .tanh ? .geluTanh : .gelu).apply(x)
  }
}
