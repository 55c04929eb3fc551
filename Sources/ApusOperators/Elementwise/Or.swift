public import ApusCore

/// Logical or with broadcasting. ONNX Or 7; before 7 with `broadcast` and `axis`.
public struct Or: BinaryLogic {
  public static var importers: [Importer] {
    [.onnx("Or", since: 7) { _ in Or() }, .legacyBroadcast("Or") { Or() }]
  }

  public init() {}
  public func apply(_ a: Bool, _ b: Bool) -> Bool { a || b }
}
