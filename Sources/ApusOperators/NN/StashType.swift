import ApusCore

extension SourceNode {
  /// The float type that an ONNX attribute names by its number.
  func floatType(_ attribute: String, default fallback: DType) throws -> DType {
    let type = try dtype(attribute) ?? fallback
    try ElementTypes.floats.check(type, "attribute '\(attribute)'")
    return type
  }
}
