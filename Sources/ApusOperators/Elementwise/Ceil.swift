public import ApusCore

/// Smallest integer not below. ONNX Ceil 1, 6, 13.
public struct Ceil: UnaryMath {
  public static var importers: [Importer] { [.onnx("Ceil") { _ in Ceil() }] }

  public init() {}
  public func apply(_ x: Double) -> Double { x.rounded(.up) }
  public func combine(_ x: Contents.Element) -> Contents.Element? { x.ceil }
}
