/// Operators whose output is the input's memory under another shape (Reshape, Squeeze, Identity …).
public protocol ShapeRelabelling: Operator {
  /// Whether that holds for these input types.
  func relabelsShape(_ inputs: [ValueType?]) -> Bool
}

extension ShapeRelabelling {
  public func relabelsShape(_ inputs: [ValueType?]) -> Bool { true }
}
