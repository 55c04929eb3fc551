import ApusCore
import FoundationEssentials

/// Preamble, header and footer of a mapped engine, checked.
struct EngineFrame {
  let header: EngineHeader
  let identity: String
  /// End of the data, start of the checksum table.
  private let dataEnd: Int
  private let headerEnd: Int

  init(_ bytes: UnsafeRawBufferPointer, path: String) throws {
    func damaged(_ message: String) -> ApusError {
      ApusError(
        .invalidModel,
        Problem(
          .engineDamaged, message, file: path,
          fix: "copy the engine again, or run `apus optimize` on the model"))
    }
    func number(_ offset: Int) -> Int {
      Int(
        truncatingIfNeeded: UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
      )
    }
    guard bytes.count >= EngineFormat.magic.count,
      bytes.prefix(EngineFormat.magic.count).elementsEqual(EngineFormat.magic)
    else {
      throw ApusError(
        .invalidModel,
        Problem(
          .unknownFormat, "not an engine file", file: path,
          fix: "make one with `apus optimize MODEL -o ENGINE`"))
    }
    guard bytes.count >= EngineFormat.preambleBytes + EngineFormat.footerBytes else {
      throw damaged("the file is cut short")
    }
    let version = number(8)
    guard version == EngineHeader.formatVersion else {
      throw ApusError(
        .invalidModel,
        Problem(
          .engineVersion,
          "the engine has format version \(version), this Apus reads \(EngineHeader.formatVersion)",
          file: path, fix: "optimize the model again with this version of Apus"))
    }
    guard number(24) == bytes.count else {
      throw damaged("the file has \(bytes.count) bytes, its preamble says \(number(24))")
    }
    let footer = bytes.count - EngineFormat.footerBytes
    let footerHash = XXH3.hash64(UnsafeRawBufferPointer(rebasing: bytes[footer..<(bytes.count - 8)]))
    guard number(bytes.count - 8) == Int(truncatingIfNeeded: footerHash) else {
      throw damaged("the footer is damaged")
    }
    dataEnd = number(footer)
    guard dataEnd >= EngineFormat.preambleBytes, dataEnd <= footer,
      (dataEnd + EngineFormat.chunkBytes - 1) / EngineFormat.chunkBytes * 8 == footer - dataEnd
    else { throw damaged("the checksum table has the wrong size") }
    let tableHash = XXH3.hash64(UnsafeRawBufferPointer(rebasing: bytes[dataEnd..<footer]))
    guard number(footer + 8) == Int(truncatingIfNeeded: tableHash) else {
      throw damaged("the checksum table is damaged")
    }
    let halves = [16, 24].map { UInt64(bitPattern: Int64(number(footer + $0))) }
    identity = XXH3.Hash128(high: halves[0], low: halves[1]).hex
    let headerBytes = number(16)
    guard headerBytes > 0, headerBytes <= dataEnd - EngineFormat.preambleBytes else {
      throw damaged("the header has the wrong size")
    }
    headerEnd = EngineFormat.preambleBytes + headerBytes
    // The first chunks hold the header: they must be whole before it is parsed.
    for chunk in 0...(headerEnd - 1) / EngineFormat.chunkBytes where !Self.isWhole(chunk, bytes, dataEnd) {
      throw damaged("the header is damaged")
    }
    do {
      header = try JSONDecoder().decode(
        EngineHeader.self, from: Data(bytes[EngineFormat.preambleBytes..<headerEnd]))
    } catch { throw damaged("the header cannot be read: \(error)") }
    for section in header.sections
    where section.offset < headerEnd || section.byteCount < 0 || section.offset > dataEnd - section.byteCount
    {
      throw damaged("section '\(section.name)' lies outside the file")
    }
  }

  private static func isWhole(_ chunk: Int, _ bytes: UnsafeRawBufferPointer, _ dataEnd: Int) -> Bool {
    let start = chunk * EngineFormat.chunkBytes
    let piece = UnsafeRawBufferPointer(rebasing: bytes[start..<min(start + EngineFormat.chunkBytes, dataEnd)])
    let wanted = UInt64(
      littleEndian: bytes.loadUnaligned(fromByteOffset: dataEnd + chunk * 8, as: UInt64.self))
    return XXH3.hash64(piece) == wanted
  }

  /// Checks every chunk in parallel; names the sections that are hit.
  func verify(_ bytes: UnsafeRawBufferPointer, path: String, threads: Int) throws {
    let count = (dataEnd + EngineFormat.chunkBytes - 1) / EngineFormat.chunkBytes
    let bad = UnsafeMutablePointer<Bool>.allocate(capacity: max(1, count))
    defer { bad.deallocate() }
    let results = SendablePointer(bad)
    let source = SendableBytes(bytes: bytes)
    let end = dataEnd
    let pool = ThreadPool(
      threads: threads > 0 ? threads : min(8, ThreadPool.processorCount), spinMicroseconds: 0)
    pool.run(count) { results.pointer[$0] = !Self.isWhole($0, source.bytes, end) }
    let hit = (0..<count).filter { bad[$0] }
    guard !hit.isEmpty else { return }
    let names = header.sections.filter { section in
      hit.contains { chunk in
        let start = chunk * EngineFormat.chunkBytes
        return section.offset < start + EngineFormat.chunkBytes && section.offset + section.byteCount > start
      }
    }.map(\.name)
    throw ApusError(
      .invalidModel,
      Problem(
        .engineDamaged,
        "\(hit.count) of \(count) chunks fail their checksum; sections hit: \(names.isEmpty ? "padding" : names.joined(separator: ", "))",
        file: path, fix: "copy the engine again, or run `apus optimize` on the model"))
  }

  private struct SendablePointer: @unchecked Sendable {
    let pointer: UnsafeMutablePointer<Bool>
    init(_ pointer: UnsafeMutablePointer<Bool>) { self.pointer = pointer }
  }

  private struct SendableBytes: @unchecked Sendable {
    let bytes: UnsafeRawBufferPointer
  }
}
