import ApusCore
import FoundationEssentials

/// Writes engine files: beside their place, then renamed; nothing half-written is ever seen.
public struct EngineWriter {
  /// What a section holds.
  public enum Contents {
    case bytes([UInt8])
    case constants(ConstantPool)

    var byteCount: Int {
      switch self {
      case .bytes(let bytes): bytes.count
      case .constants(let pool): pool.byteCount
      }
    }
  }

  private let file: AtomicFile
  private let whole: XXH3.Stream
  private var chunk: XXH3.Stream
  private var chunkFill = 0
  private var checksums: [UInt64] = []
  private var position = 0

  /// Writes `header` (its section table filled in here) and the sections in order. Returns the bytes written.
  @discardableResult
  public static func write(
    _ header: EngineHeader, sections: [(name: String, contents: Contents)], to path: String
  ) throws -> Int {
    var writer = try EngineWriter(path)
    let (text, total, offsets) = try layout(header, sections)
    try writer.append(preamble(headerBytes: text.count, fileBytes: total))
    try writer.append(text)
    for (section, offset) in zip(sections, offsets) {
      try writer.pad(to: offset)
      switch section.contents {
      case .bytes(let bytes): try writer.append(bytes)
      case .constants(let pool): try pool.forEachPiece { try writer.append($0) }
      }
    }
    try writer.finish(fileBytes: total)
    return total
  }

  private init(_ path: String) throws {
    file = try AtomicFile(path)
    whole = try XXH3.Stream()
    chunk = try XXH3.Stream()
  }

  /// Header text, file size and section offsets. Offsets stand in the header, so its length is found by trying.
  private static func layout(
    _ header: EngineHeader, _ sections: [(name: String, contents: Contents)]
  ) throws -> (text: [UInt8], total: Int, offsets: [Int]) {
    var header = header
    var text: [UInt8] = []
    var offsets: [Int] = []
    var reserved = 0
    repeat {
      var offset = EngineFormat.aligned(
        EngineFormat.preambleBytes + reserved, to: EngineFormat.sectionAlignment)
      offsets = []
      header.sections = sections.map { section in
        offsets.append(offset)
        defer {
          offset = EngineFormat.aligned(
            offset + section.contents.byteCount, to: EngineFormat.sectionAlignment)
        }
        return EngineHeader.Section(name: section.name, offset: offset, byteCount: section.contents.byteCount)
      }
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
      text = Array(try encoder.encode(header)) + [10]
      if text.count <= reserved
        || reserved == 0 && text.count <= EngineFormat.sectionAlignment - EngineFormat.preambleBytes
      {
        let end =
          zip(offsets, sections).map { $0 + $1.contents.byteCount }.max() ?? EngineFormat.preambleBytes
          + text.count
        let dataEnd = max(end, EngineFormat.preambleBytes + text.count)
        let chunks = (dataEnd + EngineFormat.chunkBytes - 1) / EngineFormat.chunkBytes
        return (text, dataEnd + chunks * 8 + EngineFormat.footerBytes, offsets)
      }
      reserved = EngineFormat.aligned(text.count + 256, to: EngineFormat.sectionAlignment)
    } while true
  }

  private static func preamble(headerBytes: Int, fileBytes: Int) -> [UInt8] {
    var bytes = EngineFormat.magic
    bytes += littleEndian(UInt64(EngineHeader.formatVersion))
    bytes += littleEndian(UInt64(headerBytes))
    bytes += littleEndian(UInt64(fileBytes))
    return bytes + [UInt8](repeating: 0, count: EngineFormat.preambleBytes - bytes.count)
  }

  private mutating func pad(to offset: Int) throws {
    if offset > position { try append([UInt8](repeating: 0, count: offset - position)) }
  }

  private mutating func append(_ bytes: [UInt8]) throws { try bytes.withUnsafeBytes { try append($0) } }

  private mutating func append(_ bytes: UnsafeRawBufferPointer) throws {
    var rest = bytes
    whole.update(bytes)
    while !rest.isEmpty {
      let count = min(rest.count, EngineFormat.chunkBytes - chunkFill)
      chunk.update(UnsafeRawBufferPointer(rebasing: rest[..<(rest.startIndex + count)]))
      chunkFill += count
      if chunkFill == EngineFormat.chunkBytes { try closeChunk() }
      rest = UnsafeRawBufferPointer(rebasing: rest[(rest.startIndex + count)...])
    }
    try file.write(bytes)
    position += bytes.count
  }

  private mutating func closeChunk() throws {
    checksums.append(chunk.digest64)
    chunk = try XXH3.Stream()
    chunkFill = 0
  }

  /// Checksum table and footer, then the rename.
  private mutating func finish(fileBytes: Int) throws {
    if chunkFill > 0 { try closeChunk() }
    let table = checksums.flatMap(littleEndian)
    whole.update(table: table)
    var footer = littleEndian(UInt64(position))
    footer += littleEndian(table.withUnsafeBytes { XXH3.hash64($0) })
    let identity = whole.digest128
    footer += littleEndian(identity.high) + littleEndian(identity.low)
    footer += [UInt8](repeating: 0, count: EngineFormat.footerBytes - 8 - footer.count)
    footer += littleEndian(footer.withUnsafeBytes { XXH3.hash64($0) })
    try file.write(table)
    try file.write(footer)
    try file.commit()
  }
}

extension XXH3.Stream {
  fileprivate func update(table: [UInt8]) { table.withUnsafeBytes { update($0) } }
}

func littleEndian(_ value: UInt64) -> [UInt8] { withUnsafeBytes(of: value.littleEndian, Array.init) }
