/// Copies a serialized ONNX message without its weights: every `TensorProto.raw_data` above `threshold` is replaced by
/// a reference to where it lies, so that parsing what is left costs no memory to speak of.
///
/// The reference is an `external_data` entry under `WireScanner.rawDataKey`; everything else, unknown fields included,
/// is kept byte by byte.
struct WireScanner {
  /// Messages that hold tensors somewhere below.
  enum Message {
    case model, training, function, graph, node, attribute, sparseTensor, tensor

    func child(_ field: Int) -> Message? {
      switch (self, field) {
      case (.model, 7), (.training, 1), (.training, 2), (.attribute, 6), (.attribute, 11): .graph
      case (.model, 20): .training
      case (.model, 25): .function
      case (.function, 7), (.graph, 1): .node
      case (.function, 11), (.node, 5): .attribute
      case (.graph, 5), (.attribute, 5), (.attribute, 10), (.sparseTensor, 1), (.sparseTensor, 2): .tensor
      case (.graph, 15), (.attribute, 22), (.attribute, 23): .sparseTensor
      default: nil
      }
    }
  }

  static let rawDataKey = "apus.raw_data"
  /// Smaller data is parsed along with the rest.
  static let threshold = 1024
  /// Nested messages; swift-protobuf has the same limit.
  static let depthLimit = 100

  private let bytes: UnsafeRawBufferPointer

  static func skeleton(of message: Message, in bytes: UnsafeRawBufferPointer) throws(WireError) -> [UInt8] {
    var out: [UInt8] = []
    out.reserveCapacity(min(bytes.count, 1 << 16))
    try WireScanner(bytes: bytes).copy(message, 0..<bytes.count, into: &out, depth: 0)
    return out
  }

  private func copy(
    _ message: Message, _ range: Range<Int>, into out: inout [UInt8], depth: Int
  ) throws(WireError) {
    guard depth < Self.depthLimit else {
      throw WireError(offset: range.lowerBound, reason: "messages are nested more than \(depth) deep")
    }
    var reader = WireReader(bytes, range)
    var copied = range.lowerBound
    var rawData: Range<Int>?
    while !reader.isAtEnd {
      let start = reader.offset
      let field = try reader.field()
      guard field.wireType == 2, field.payload.count > Self.threshold else { continue }
      if message == .tensor && field.number == 9 {
        out.append(contentsOf: bytes[copied..<start])
        rawData = field.payload
      } else if let child = message.child(field.number) {
        var inner: [UInt8] = []
        try copy(child, field.payload, into: &inner, depth: depth + 1)
        out.append(contentsOf: bytes[copied..<start])
        Self.append(field.number, inner, to: &out)
      } else {
        continue
      }
      copied = reader.offset
    }
    out.append(contentsOf: bytes[copied..<range.upperBound])
    if let rawData { Self.appendReference(rawData, to: &out) }
  }

  /// `data_location = EXTERNAL` and one `external_data` entry.
  private static func appendReference(_ range: Range<Int>, to out: inout [UInt8]) {
    var entry: [UInt8] = []
    append(1, Array(rawDataKey.utf8), to: &entry)
    append(2, Array("\(range.lowerBound):\(range.count)".utf8), to: &entry)
    append(13, entry, to: &out)
    appendVarint(14 << 3, to: &out)
    appendVarint(1, to: &out)
  }

  private static func append(_ field: Int, _ payload: [UInt8], to out: inout [UInt8]) {
    out.append(contentsOf: header(field, payload.count))
    out.append(contentsOf: payload)
  }

  /// Tag and length in front of `count` bytes.
  static func header(_ field: Int, _ count: Int) -> [UInt8] {
    var out: [UInt8] = []
    appendVarint(UInt64(field) << 3 | 2, to: &out)
    appendVarint(UInt64(count), to: &out)
    return out
  }

  private static func appendVarint(_ value: UInt64, to out: inout [UInt8]) {
    var rest = value
    while rest >= 0x80 {
      out.append(UInt8(rest & 0x7F) | 0x80)
      rest >>= 7
    }
    out.append(UInt8(rest))
  }
}
