/// Bytes of ONNX models, written field by field: what a damaged or odd file needs, no library would write.
struct TinyModel {
  struct Node {
    var operatorName: String
    var inputs: [String]
    var outputs: [String]
    var name = ""
  }

  struct Weight {
    var name: String
    var shape: [Int]
    var elements: [Float]
    /// Key and value pairs of external data; the elements then stay out of the model.
    var external: [(String, String)] = []
  }

  var nodes: [Node]
  var weights: [Weight]
  var outputs: [String]

  /// `y = relu(x·w + b)` for `x` of `f32[batch,4]`.
  static let dense = TinyModel(
    nodes: [
      Node(operatorName: "MatMul", inputs: ["x", "w"], outputs: ["product"], name: "product"),
      Node(operatorName: "Add", inputs: ["product", "b"], outputs: ["sum"], name: "sum"),
      Node(operatorName: "Relu", inputs: ["sum"], outputs: ["y"], name: "relu"),
    ],
    weights: [
      Weight(name: "w", shape: [4, 3], elements: (0..<12).map { Float($0) * 0.25 - 1 }),
      Weight(name: "b", shape: [3], elements: [0.5, -0.5, 1]),
    ], outputs: ["y"])

  /// `y = relu(norm(conv(x)))`, pooled and classified, for `x` of `f32[batch,4]` seen as a picture.
  static let convolution = TinyModel(
    nodes: [
      Node(operatorName: "Reshape", inputs: ["x", "picture"], outputs: ["p"], name: "picture"),
      Node(operatorName: "Conv", inputs: ["p", "k"], outputs: ["c"], name: "conv"),
      Node(operatorName: "Sigmoid", inputs: ["c"], outputs: ["s"], name: "sigmoid"),
      Node(operatorName: "Mul", inputs: ["c", "s"], outputs: ["m"], name: "mul"),
      Node(operatorName: "GlobalAveragePool", inputs: ["m"], outputs: ["g"], name: "pool"),
      Node(operatorName: "Flatten", inputs: ["g"], outputs: ["f"], name: "flatten"),
      Node(operatorName: "Softmax", inputs: ["f"], outputs: ["y"], name: "softmax"),
    ],
    weights: [
      Weight(name: "k", shape: [5, 1, 1, 1], elements: [1, -1, 2, 0.5, 3])
    ], outputs: ["y"])

  var bytes: [UInt8] {
    var graph = Message()
    for node in nodes { graph.message(1, message(node)) }
    graph.text(2, "tiny")
    for weight in weights { graph.message(5, message(weight)) }
    if nodes.contains(where: { $0.inputs.contains("picture") }) { graph.message(5, Self.pictureShape) }
    graph.message(11, input)
    for name in outputs {
      var value = Message()
      value.text(1, name)
      graph.message(12, value)
    }
    var opset = Message()
    opset.text(1, "")
    opset.number(2, 17)
    var model = Message()
    model.number(1, 8)
    model.message(8, opset)
    model.message(7, graph)
    return model.bytes
  }

  /// `[0, 1, 2, 2]` as an INT64 tensor.
  private static var pictureShape: Message {
    var tensor = Message()
    tensor.number(1, 4)
    tensor.number(2, 7)
    tensor.text(8, "picture")
    for size in [0, 1, 2, 2] { tensor.number(7, size) }
    return tensor
  }

  private var input: Message {
    var (batch, four, shape, tensor, type, value) = (
      Message(), Message(), Message(), Message(), Message(), Message()
    )
    batch.text(2, "batch")
    four.number(1, 4)
    shape.message(1, batch)
    shape.message(1, four)
    tensor.number(1, 1)
    tensor.message(2, shape)
    type.message(1, tensor)
    value.text(1, "x")
    value.message(2, type)
    return value
  }

  private func message(_ node: Node) -> Message {
    var result = Message()
    for name in node.inputs { result.text(1, name) }
    for name in node.outputs { result.text(2, name) }
    result.text(3, node.name)
    result.text(4, node.operatorName)
    return result
  }

  private func message(_ weight: Weight) -> Message {
    var result = Message()
    for size in weight.shape { result.number(1, size) }
    result.number(2, 1)
    result.text(8, weight.name)
    if weight.external.isEmpty {
      result.raw(9, weight.elements.withUnsafeBytes { Array($0) })
    } else {
      for (key, value) in weight.external {
        var entry = Message()
        entry.text(1, key)
        entry.text(2, value)
        result.message(13, entry)
      }
      result.number(14, 1)
    }
    return result
  }

  /// A protocol buffer message being written.
  private struct Message {
    private(set) var bytes: [UInt8] = []

    mutating func number(_ field: Int, _ value: Int) {
      varint(field << 3)
      varint(value)
    }

    mutating func raw(_ field: Int, _ contents: [UInt8]) {
      varint(field << 3 | 2)
      varint(contents.count)
      bytes += contents
    }

    mutating func text(_ field: Int, _ text: String) { raw(field, Array(text.utf8)) }

    mutating func message(_ field: Int, _ message: Message) { raw(field, message.bytes) }

    private mutating func varint(_ value: Int) {
      var rest = UInt64(bitPattern: Int64(value))
      while rest > 0x7F {
        bytes.append(UInt8(rest & 0x7F) | 0x80)
        rest >>= 7
      }
      bytes.append(UInt8(rest))
    }
  }
}
