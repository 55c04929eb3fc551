import ApusCore
import FoundationEssentials
import SwiftProtobuf

/// Turns `TensorProto` into tensors. Raw data above the scanner's threshold and external data become views of mapped
/// memory; what is stored in typed fields is packed into fresh memory.
final class TensorDecoder {
  /// The file or memory that the message was scanned from.
  let source: TensorStorage
  let external: ExternalData
  /// What makes weights that the file leaves out; nil: they are faults.
  let randomWeights: RandomWeights?

  init(source: TensorStorage, external: ExternalData, randomWeights: RandomWeights? = nil) {
    self.source = source
    self.external = external
    self.randomWeights = randomWeights
  }

  func decode(_ proto: Onnx_TensorProto) throws(TensorFault) -> Tensor {
    guard let dtype = DType(onnx: proto.dataType) else {
      throw TensorFault(
        "element type \(proto.dataType) is unknown", value: "\(proto.dataType)", allowed: DType.onnxNumbers)
    }
    if proto.hasSegment { throw TensorFault("tensors in segments are not supported") }
    let shape = try Self.shape(proto.dims)
    let count = shape.elementCount
    let byteCount = dtype.byteCount(count)
    guard count < Int.max / 16, byteCount < Int.max else {
      throw TensorFault("the shape \(shape) is too large", value: "\(shape)")
    }
    if dtype == .string {
      try Self.expect(count, proto.stringData.count, in: "string_data", shape)
      return Tensor(strings: proto.stringData.map { String(decoding: $0, as: UTF8.self) }, shape: shape)
    }
    if let randomWeights, dtype.isFloat, count > 0, isStripped(proto) {
      return randomWeights.tensor(dtype, shape, named: proto.name)
    }
    if let reference = proto.externalData.last(where: { $0.key == WireScanner.rawDataKey }) {
      guard !proto.externalData.contains(where: { $0.key == "location" }) else {
        throw TensorFault("the tensor has both raw and external data")
      }
      let range = try Self.range(reference.value, in: source)
      try Self.expect(byteCount, range.count, in: "raw_data", shape, unit: "bytes")
      return Tensor(dtype: dtype, shape: shape, storage: source, byteOffset: range.lowerBound)
    }
    if proto.dataLocation == .external { return try decodeExternal(proto, dtype, shape, byteCount) }
    if proto.hasRawData {
      try Self.expect(byteCount, proto.rawData.count, in: "raw_data", shape, unit: "bytes")
      return Tensor(dtype, shape) { bytes in _ = proto.rawData.copyBytes(to: bytes) }
    }
    return try Self.decodeTyped(proto, dtype, shape)
  }

  /// Whether a tensor has lost its contents: nothing in the model, or a file that is not there.
  private func isStripped(_ proto: Onnx_TensorProto) -> Bool {
    if proto.dataLocation == .external {
      return proto.externalData.last { $0.key == "location" }.map { (try? external.storage($0.value)) == nil }
        ?? false
    }
    return proto.externalData.isEmpty && proto.rawData.isEmpty && proto.floatData.isEmpty
      && proto.doubleData.isEmpty && proto.int32Data.isEmpty
  }

  private func decodeExternal(
    _ proto: Onnx_TensorProto, _ dtype: DType, _ shape: [Int], _ byteCount: Int
  ) throws(TensorFault) -> Tensor {
    func entry(_ key: String) throws(TensorFault) -> Int? {
      guard let text = proto.externalData.last(where: { $0.key == key })?.value else { return nil }
      guard let number = Int(text), number >= 0 else {
        throw TensorFault("external data has a bad \(key)", value: text, allowed: "an integer from 0")
      }
      return number
    }
    guard let location = proto.externalData.last(where: { $0.key == "location" })?.value else {
      throw TensorFault("external data has no location")
    }
    let storage = try external.storage(location)
    let offset = try entry("offset") ?? 0
    if let length = try entry("length"), length != byteCount {
      throw TensorFault(
        .externalDataShort, "external data has \(length) bytes, the shape \(shape) needs \(byteCount)",
        file: location)
    }
    guard offset <= storage.byteCount, byteCount <= storage.byteCount - offset else {
      throw TensorFault(
        .externalDataShort,
        "the tensor needs \(byteCount) bytes from byte \(offset), the file has \(storage.byteCount)",
        file: location, fix: "copy the whole file beside the model; the download may be incomplete")
    }
    return Tensor(dtype: dtype, shape: shape, storage: storage, byteOffset: offset)
  }

  private static func range(_ text: String, in storage: TensorStorage) throws(TensorFault) -> Range<Int> {
    let parts = text.split(separator: ":").compactMap { Int($0) }
    guard parts.count == 2, parts[0] >= 0, parts[1] >= 0, parts[0] <= storage.byteCount,
      parts[1] <= storage.byteCount - parts[0]
    else { throw TensorFault("a reference to raw data is damaged", value: text) }
    return parts[0]..<parts[0] + parts[1]
  }

  static func shape(_ dims: [Int64]) throws(TensorFault) -> [Int] {
    if let bad = dims.first(where: { $0 < 0 }) {
      throw TensorFault("a dimension is negative", value: "\(bad)", allowed: "0 and more")
    }
    guard dims.count <= 64 else { throw TensorFault("the rank \(dims.count) is absurd") }
    return dims.map { Int($0) }
  }

  static func expect(
    _ wanted: Int, _ found: Int, in field: String, _ shape: [Int], unit: String = "elements"
  ) throws(TensorFault) {
    guard wanted == found else {
      throw TensorFault(
        "\(field) holds \(found) \(unit), the shape \(shape) needs \(wanted)", value: "\(found)",
        allowed: "\(wanted)", fix: "the file is damaged or was written by a faulty exporter: export it again")
    }
  }
}
