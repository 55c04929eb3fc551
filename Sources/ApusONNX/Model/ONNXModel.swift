import ApusCore
import FoundationEssentials
import SwiftProtobuf

/// An ONNX model: parsed structure, weights left where they lie in the mapped file.
public struct ONNXModel: Sendable {
  /// Path the model was loaded from; nil for models in memory.
  public let path: String?
  let proto: Onnx_ModelProto
  /// What raw data refers to.
  let source: TensorStorage

  /// Maps and parses a file. Throws `missing-file` and, for bytes that are no ONNX model, `invalid-model`.
  public static func load(path: String) throws -> ONNXModel {
    let file = try MappedFile(path: path)
    return try ONNXModel(storage: file.storage(), path: path)
  }

  /// Parses a model in memory; it cannot have external data.
  public init(bytes: [UInt8]) throws {
    let storage = TensorStorage(byteCount: bytes.count) { $0.copyBytes(from: bytes) }
    try self.init(storage: storage, path: nil)
  }

  init(proto: Onnx_ModelProto, source: TensorStorage, path: String?) {
    self.proto = proto
    self.source = source
    self.path = path
  }

  init(storage: TensorStorage, path: String?) throws {
    self.path = path
    source = storage
    let bytes = UnsafeRawBufferPointer(start: storage.base, count: storage.byteCount)
    proto = try withExtendedLifetime(storage) {
      try ParsedMessage.parse(Onnx_ModelProto.self, .model, bytes, file: path)
    }
    guard proto.hasGraph || proto.hasIrVersion else {
      throw ApusError(
        .invalidModel,
        Problem(
          .unknownFormat, "the file holds no ONNX model", file: path,
          fix: "give a .onnx file as `torch.onnx.export` or `onnx.save` write it"))
    }
  }
}

/// Parsing that leaves large raw data where it is.
enum ParsedMessage {
  static func parse<M: SwiftProtobuf.Message>(
    _ type: M.Type, _ message: WireScanner.Message, _ bytes: UnsafeRawBufferPointer, file: String?
  ) throws -> M {
    func damaged(_ reason: String) -> ApusError {
      ApusError(
        .invalidModel,
        Problem(
          .damagedFile, reason, file: file,
          fix: "the file is truncated, damaged or of another format: copy or export it again"))
    }
    guard bytes.count > 0 else { throw damaged("the file is empty") }
    do {
      let skeleton = try WireScanner.skeleton(of: message, in: bytes)
      return try M(serializedBytes: skeleton, partial: true)
    } catch let error as WireError {
      throw damaged("at byte \(error.offset): \(error.reason)")
    } catch {
      throw damaged("the file is no serialized ONNX message (\(error))")
    }
  }
}
