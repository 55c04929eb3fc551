public import ApusCore
import FoundationEssentials
import SwiftProtobuf

/// Values in files of their own: `TensorProto`, `SequenceProto` and `OptionalProto`, as the `.pb` files of ONNX's test
/// data hold them.
public enum ONNXData {
  /// Reads one value. The files do not say what they hold, so `type` does (the type of the graph's input or output);
  /// nil stands for a tensor. Throws `badData` with the file.
  public static func load(path: String, as type: ValueType? = nil) throws -> Value {
    let file = try MappedFile(path: path)
    return try decode(file.storage(), as: type, file: path)
  }

  /// Reads one value from memory.
  public static func decode(_ bytes: [UInt8], as type: ValueType? = nil) throws -> Value {
    try decode(
      TensorStorage(byteCount: bytes.count) { $0.copyBytes(from: bytes) }, as: type, file: nil)
  }

  /// Serializes one value: a `TensorProto`, `SequenceProto` or `OptionalProto`.
  public static func serialize(_ value: Value, name: String = "") throws -> [UInt8] {
    switch value {
    case .tensor(let tensor): try ValueCoder.proto(tensor, name).serializedBytes()
    case .sequence: try ValueCoder.sequence(value, name).serializedBytes()
    case .optional: try ValueCoder.optional(value, name).serializedBytes()
    }
  }

  private static func decode(_ storage: TensorStorage, as type: ValueType?, file: String?) throws -> Value {
    let bytes = UnsafeRawBufferPointer(start: storage.base, count: storage.byteCount)
    let decoder = TensorDecoder(source: storage, external: ExternalData(modelPath: file))
    do {
      switch type {
      case .sequence(let element):
        return try ValueCoder.value(Onnx_SequenceProto(serializedBytes: Array(bytes)), element, decoder)
      case .optional(let element):
        return try ValueCoder.value(Onnx_OptionalProto(serializedBytes: Array(bytes)), element, decoder)
      case .tensor, nil:
        let proto = try ParsedMessage.parse(Onnx_TensorProto.self, .tensor, bytes, file: file)
        return .tensor(try decoder.decode(proto))
      }
    } catch let fault as TensorFault {
      throw ApusError(
        .invalidInput,
        Problem(
          .badData, fault.message, file: file, value: fault.value, allowed: fault.allowed, fix: fault.fix))
    } catch let error as ApusError {
      throw ApusError(
        .invalidInput, error.problems.map { Problem(.badData, $0.message, file: file, fix: $0.fix) })
    } catch {
      throw ApusError(
        .invalidInput,
        Problem(.badData, "the file holds no serialized \(type.map(\.description) ?? "tensor")", file: file))
    }
  }
}
