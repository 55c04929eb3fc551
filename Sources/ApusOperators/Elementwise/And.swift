public import ApusCore

/// Logical and with broadcasting. ONNX And 7; before 7 with `broadcast` and `axis`.
public struct And: BinaryLogic {
  public static var importers: [Importer] {
    [.onnx("And", since: 7) { _ in And() }, .legacyBroadcast("And") { And() }]
  }

  public init() {}
  public func apply(_ a: Bool, _ b: Bool) -> Bool { a && b }
}
