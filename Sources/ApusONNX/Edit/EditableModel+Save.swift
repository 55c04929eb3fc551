import ApusCore
import FoundationEssentials
import SwiftProtobuf

extension EditableModel {
  /// Where the weights of a saved model lie.
  public enum WeightPlacement: Sendable {
    /// In the file, all of them; at most 2 GB.
    case embedded
    /// Beside it, in one file of this name; smaller tensors than `threshold` bytes stay in the model.
    case external(file: String, threshold: Int = 1024)
  }

  /// Writes the model; the file appears whole or not at all. Weights that were never touched go straight from the
  /// mapped source to the file.
  public func save(to path: String, weights: WeightPlacement = .embedded) throws {
    var model = proto
    let store = WeightStore(source: source, external: ExternalData(modelPath: self.path))
    if case .external(let file, let threshold) = weights {
      let data = try AtomicFile(ExternalData.folder(of: path) + "/" + file)
      try model.forEachTensor { try store.move(&$0, to: data, named: file, threshold: threshold) }
      try data.commit()
    }
    try model.forEachTensor { try store.keep(&$0) }
    let skeleton: [UInt8] = try model.serializedBytes(partial: true)
    let file = try AtomicFile(path)
    let count = try SpliceWriter(resolve: store.resolve) { try file.write($0) }.write(.model, skeleton)
    guard count < 1 << 31 else {
      throw ApusError(
        .resources,
        Problem(
          .fileUnwritable, "a model of \(count) bytes is too large for one file", file: path,
          allowed: "less than 2 GB", fix: "save its weights in a file beside it"))
    }
    try file.commit()
  }
}

/// The weights of a model that is being written.
private final class WeightStore {
  private var storages: [TensorStorage]
  private let external: ExternalData
  private let decoder: TensorDecoder

  init(source: TensorStorage, external: ExternalData) {
    storages = [source]
    self.external = external
    decoder = TensorDecoder(source: source, external: external)
  }

  /// Storage and range behind a reference: `offset:length` in the source or `storage:offset:length`.
  func resolve(_ reference: String) -> (TensorStorage, Range<Int>)? {
    var parts = reference.split(separator: ":").compactMap { Int($0) }
    if parts.count == 2 { parts.insert(0, at: 0) }
    guard parts.count == 3, storages.indices.contains(parts[0]), parts[1] >= 0, parts[2] >= 0,
      parts[1] <= storages[parts[0]].byteCount, parts[2] <= storages[parts[0]].byteCount - parts[1]
    else { return nil }
    return (storages[parts[0]], parts[1]..<parts[1] + parts[2])
  }

  /// Makes external data a reference, so that the writer puts it into the file.
  func keep(_ proto: inout Onnx_TensorProto) throws {
    guard proto.dataLocation == .external, proto.externalData.contains(where: { $0.key == "location" }),
      !proto.externalData.contains(where: { $0.key == WeightStore.movedKey })
    else {
      proto.externalData.removeAll { $0.key == WeightStore.movedKey }
      return
    }
    let tensor = try decode(proto)
    let index: Int
    if let known = storages.firstIndex(where: { $0 === tensor.storage }) {
      index = known
    } else {
      index = storages.count
      storages.append(tensor.storage)
    }
    proto.externalData = [
      .with {
        $0.key = WireScanner.rawDataKey
        $0.value = "\(index):\(tensor.byteOffset):\(tensor.byteCount)"
      }
    ]
  }

  private static let movedKey = "apus.moved"

  /// Writes a large tensor into `data`, aligned to 64 bytes, and leaves where it lies.
  func move(_ proto: inout Onnx_TensorProto, to data: AtomicFile, named name: String, threshold: Int) throws {
    guard let dtype = DType(onnx: proto.dataType), dtype != .string else { return }
    let tensor = try decode(proto)
    guard tensor.byteCount >= threshold else { return }
    let padding = (64 - data.byteCount % 64) % 64
    try data.write([UInt8](repeating: 0, count: padding))
    let offset = data.byteCount
    try tensor.withUnsafeBytes { try data.write($0) }
    var moved = Onnx_TensorProto()
    (moved.name, moved.dataType, moved.dims) = (proto.name, proto.dataType, proto.dims)
    (moved.docString, moved.metadataProps) = (proto.docString, proto.metadataProps)
    moved.unknownFields = proto.unknownFields
    moved.dataLocation = .external
    let entries = [
      ("location", name), ("offset", "\(offset)"), ("length", "\(tensor.byteCount)"), (Self.movedKey, ""),
    ]
    moved.externalData = entries.map { entry in
      .with {
        $0.key = entry.0
        $0.value = entry.1
      }
    }
    proto = moved
  }

  private func decode(_ proto: Onnx_TensorProto) throws -> Tensor {
    do {
      return try decoder.decode(proto)
    } catch {
      throw ApusError(.invalidModel, error.problem(tensor: proto.name))
    }
  }
}

extension Onnx_ModelProto {
  mutating func forEachTensor(_ body: (inout Onnx_TensorProto) throws -> Void) rethrows {
    if hasGraph { try graph.forEachTensor(body) }
    for index in functions.indices {
      for node in functions[index].node.indices { try functions[index].node[node].forEachTensor(body) }
    }
  }
}

extension Onnx_GraphProto {
  mutating func forEachTensor(_ body: (inout Onnx_TensorProto) throws -> Void) rethrows {
    for index in initializer.indices { try body(&initializer[index]) }
    for index in sparseInitializer.indices {
      try body(&sparseInitializer[index].values)
      try body(&sparseInitializer[index].indices)
    }
    for index in node.indices { try node[index].forEachTensor(body) }
  }
}

extension Onnx_NodeProto {
  mutating func forEachTensor(_ body: (inout Onnx_TensorProto) throws -> Void) rethrows {
    for index in attribute.indices {
      if attribute[index].hasT { try body(&attribute[index].t) }
      for place in attribute[index].tensors.indices { try body(&attribute[index].tensors[place]) }
      if attribute[index].hasG { try attribute[index].g.forEachTensor(body) }
      for place in attribute[index].graphs.indices { try attribute[index].graphs[place].forEachTensor(body) }
    }
  }
}
