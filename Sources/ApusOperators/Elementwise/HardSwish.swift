public import ApusCore

/// `x * clip(x / 6 + 0.5, 0, 1)`. ONNX HardSwish 14, 22.
public struct HardSwish: UnaryMath {
  public static var importers: [Importer] { [.onnx("HardSwish", since: 14) { _ in HardSwish() }] }

  public init() {}
  public func apply(_ x: Double) -> Double { x * min(max(x / 6 + 0.5, 0), 1) }
}
