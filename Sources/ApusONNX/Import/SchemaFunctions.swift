/// Function bodies that the ONNX standard gives for some of its operators.
enum SchemaFunctions {
  static func body(domain: String, opType: String, version: Int) -> Onnx_FunctionProto? { nil }
}
