public import ApusCore
import FoundationEssentials

/// An engine file, mapped. Shared freely; sessions made from it share its weights.
public final class Engine: ConstantStore, @unchecked Sendable {
  public let path: String
  public let header: EngineHeader
  /// XXH3-128 of everything before the footer, in hexadecimal: the engine's identity.
  public let identity: String
  private let file: MappedFile
  private let sections: [String: EngineHeader.Section]

  /// Maps a file and checks all of it, on `threads` threads (0: one a processor).
  ///
  /// Throws `invalid-model` for a file of another version or with damage, naming the damaged section.
  public init(contentsOf path: String, threads: Int = 0) throws {
    self.path = path
    file = try MappedFile(path: path)
    let frame = try EngineFrame(file.bytes, path: path)
    try frame.verify(file.bytes, path: path, threads: threads)
    header = frame.header
    identity = frame.identity
    sections = Dictionary(header.sections.map { ($0.name, $0) }) { first, _ in first }
  }

  /// Whether a file starts as engines do.
  public static func isEngine(_ path: String) -> Bool {
    guard let file = try? MappedFile(path: path) else { return false }
    return withExtendedLifetime(file) {
      file.bytes.prefix(EngineFormat.magic.count).elementsEqual(EngineFormat.magic)
    }
  }

  public func section(_ name: String) -> UnsafeRawBufferPointer? {
    guard let section = sections[name] else { return nil }
    return UnsafeRawBufferPointer(rebasing: file.bytes[section.offset..<(section.offset + section.byteCount)])
  }

  private func required(_ name: String) throws -> UnsafeRawBufferPointer {
    guard let bytes = section(name) else {
      throw ApusError(
        .invalidModel,
        Problem(
          .engineDamaged, "the engine has no section '\(name)'", file: path,
          fix: "optimize the model again, without --lean for the graph"))
    }
    return bytes
  }

  public func bytes(_ reference: ConstantReference) throws -> UnsafeRawBufferPointer {
    let section = try required(reference.section)
    guard reference.offset >= 0, reference.byteCount >= 0,
      reference.offset <= section.count - reference.byteCount
    else {
      throw ApusError(
        .invalidModel,
        Problem(.engineDamaged, "a constant lies outside section '\(reference.section)'", file: path))
    }
    return UnsafeRawBufferPointer(
      rebasing: section[reference.offset..<(reference.offset + reference.byteCount)])
  }

  /// The plan at `index`.
  public func plan(_ index: Int) throws -> Plan {
    try decode(Plan.self, section: "plan.\(index)")
  }

  private func decode<T: Decodable>(_ type: T.Type, section name: String) throws -> T {
    do { return try JSONDecoder().decode(type, from: Data(try required(name))) } catch let error as ApusError
    {
      throw error
    } catch {
      throw ApusError(
        .invalidModel, Problem(.engineDamaged, "section '\(name)' cannot be read: \(error)", file: path))
    }
  }

  /// The portable graph; its constants are views into the file.
  public func graph(catalogue: OperatorCatalogue) throws -> Graph {
    let table = try decode([StoredConstant].self, section: "constants")
    let weights = try required("weights")
    let constants = try table.map { try $0.tensor(in: weights, engine: self) }
    do {
      return try GraphParser.parse(
        String(decoding: try required("graph"), as: UTF8.self), catalogue: catalogue, constants: constants)
    } catch let error as TextError {
      throw ApusError(
        .invalidModel, Problem(.engineDamaged, "the graph cannot be read: \(error)", file: path))
    }
  }
}

/// A row of the table behind the graph's `@n`.
public struct StoredConstant: Sendable, Codable {
  public var dtype: DType
  public var shape: [Int]
  public var offset: Int

  public init(dtype: DType, shape: [Int], offset: Int) {
    self.dtype = dtype
    self.shape = shape
    self.offset = offset
  }

  func tensor(in weights: UnsafeRawBufferPointer, engine: Engine) throws -> Tensor {
    let size = dtype.byteCount(shape.elementCount)
    guard shape.allSatisfy({ $0 >= 0 }), offset >= 0, size <= weights.count, offset <= weights.count - size
    else {
      throw ApusError(
        .invalidModel, Problem(.engineDamaged, "a constant lies outside the weights", file: engine.path))
    }
    let storage = TensorStorage(
      viewing: UnsafeRawBufferPointer(rebasing: weights[offset..<(offset + size)]), owner: engine)
    return Tensor(dtype: dtype, shape: shape, storage: storage)
  }
}
