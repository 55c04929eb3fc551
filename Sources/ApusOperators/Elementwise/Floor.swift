public import ApusCore

/// Largest integer not above. ONNX Floor 1, 6, 13.
public struct Floor: UnaryMath {
  public static var importers: [Importer] { [.onnx("Floor") { _ in Floor() }] }

  public init() {}
  public func apply(_ x: Double) -> Double { x.rounded(.down) }
  public func combine(_ x: Contents.Element) -> Contents.Element? { x.floor }
}
