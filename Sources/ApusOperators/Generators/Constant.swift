public import ApusCore

/// A tensor that stands in the model; importing makes it a constant of the graph, not a node. ONNX Constant 1, 9, 11, 12,
/// 13, 19, 21, 23, 24, 25.
public struct Constant: Operator {
  public var value = Tensor(scalar: Float(0))

  public static var importers: [Importer] {
    [
      .onnx("Constant") { node, scope in
        [scope.constant(try tensor(of: node), node.outputs.first ?? "")]
      }
    ]
  }

  public init() {}
  public init(_ value: Tensor) { self.value = value }

  private static func tensor(of node: SourceNode) throws -> Tensor {
    if let tensor = try node.tensor("value") ?? node.tensor("sparse_value") { return tensor }
    if let number = try node.float("value_float") { return Tensor(scalar: Float(number)) }
    if let numbers = try node.floats("value_floats") { return Tensor(numbers.map { Float($0) }) }
    if let number = try node.int("value_int") { return Tensor(scalar: Int64(number)) }
    if let numbers = try node.ints("value_ints") { return Tensor(numbers.map { Int64($0) }) }
    if let text = try node.string("value_string") { return Tensor(strings: [text], shape: []) }
    if let texts = try node.strings("value_strings") { return Tensor(strings: texts, shape: [texts.count]) }
    throw OperatorError(
      .invalidAttribute, "the node holds no value", attribute: "value",
      allowed: "value, sparse_value, value_int(s), value_float(s), value_string(s)")
  }

  public func infer(_ context: InferenceContext) throws -> [ValueType] { [.tensor(value.type)] }
  public func propagate(_ context: InferenceContext) -> [Contents?] { [Contents(value)] }
  public func evaluate(_ operands: Operands) throws -> [Value] { [.tensor(value)] }
}
