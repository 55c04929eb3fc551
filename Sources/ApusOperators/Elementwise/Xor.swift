public import ApusCore

/// Logical exclusive or with broadcasting. ONNX Xor 7; before 7 with `broadcast` and `axis`.
public struct Xor: BinaryLogic {
  public static var importers: [Importer] {
    [.onnx("Xor", since: 7) { _ in Xor() }, .legacyBroadcast("Xor") { Xor() }]
  }

  public init() {}
  public func apply(_ a: Bool, _ b: Bool) -> Bool { a != b }
}
