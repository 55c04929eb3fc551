internal import CApusSystem

/// Writes a zip file member by member; it appears at its path with `commit`.
public final class ZipWriter {
  private struct Entry {
    let name: [UInt8]
    let byteCount: Int
    let storedCount: Int
    let method: UInt16
    let checksum: UInt32
    let offset: Int
  }

  private let file: AtomicFile
  private var entries: [Entry] = []

  public init(_ path: String) throws { file = try AtomicFile(path) }

  /// Adds a member; `compressed` deflates it, unless that saves nothing.
  public func add(_ name: String, _ bytes: UnsafeRawBufferPointer, compressed: Bool = false) throws {
    let packed = compressed ? ZipWriter.deflate(bytes) : nil
    try (packed ?? []).withUnsafeBytes { packedBytes in
      let stored = packed == nil ? bytes : packedBytes
      let entry = Entry(
        name: Array(name.utf8), byteCount: bytes.count, storedCount: stored.count,
        method: packed == nil ? ZipFormat.stored : ZipFormat.deflated,
        checksum: apus_crc32(0, bytes.baseAddress, bytes.count), offset: file.byteCount)
      try file.write(ZipWriter.localHeader(entry))
      try file.write(stored)
      entries.append(entry)
    }
  }

  /// Writes the directory and puts the file in its place.
  public func commit(durable: Bool = false) throws {
    let start = file.byteCount
    for entry in entries { try file.write(ZipWriter.directoryEntry(entry)) }
    try file.write(ZipWriter.directoryEnd(start: start, end: file.byteCount, count: entries.count))
    try file.commit(durable: durable)
  }

  private static func deflate(_ bytes: UnsafeRawBufferPointer) -> [UInt8]? {
    let level: Int32 = 6
    let packed = [UInt8](unsafeUninitializedCapacity: bytes.count) { target, count in
      count = apus_deflate_raw(bytes.baseAddress, bytes.count, target.baseAddress, bytes.count, level)
    }
    return packed.isEmpty ? nil : packed
  }

  /// A size as 32-bit fields hold it: all ones point to the 64-bit extra field.
  private static func short(_ number: Int) -> UInt32 { UInt32(exactly: number) ?? .max }

  private static func common(_ entry: Entry, wide: Bool, extraCount: Int) -> ByteWriter {
    var out = ByteWriter()
    out.u16(wide ? 45 : 20)  // version needed
    out.u16(1 << 11)  // names are UTF-8
    out.u16(entry.method)
    out.u16(0)  // time: midnight
    out.u16(0x21)  // date: 1 January 1980, so that equal contents give equal files
    out.u32(entry.checksum)
    out.u32(wide ? .max : short(entry.storedCount))
    out.u32(wide ? .max : short(entry.byteCount))
    out.u16(UInt16(truncatingIfNeeded: entry.name.count))
    out.u16(UInt16(extraCount))
    return out
  }

  private static func isWide(_ entry: Entry) -> Bool {
    max(entry.byteCount, entry.storedCount, entry.offset) >= 0xFFFF_FFFF
  }

  private static func localHeader(_ entry: Entry) -> [UInt8] {
    let wide = isWide(entry)
    var out = ByteWriter()
    out.u32(ZipFormat.localHeader)
    out.bytes += common(entry, wide: wide, extraCount: wide ? 20 : 0).bytes
    out.bytes += entry.name
    if wide { extra64(&out, [entry.byteCount, entry.storedCount]) }
    return out.bytes
  }

  private static func directoryEntry(_ entry: Entry) -> [UInt8] {
    let wide = isWide(entry)
    var out = ByteWriter()
    out.u32(ZipFormat.directoryEntry)
    out.u16(wide ? 45 : 20)  // version made by
    out.bytes += common(entry, wide: wide, extraCount: wide ? 28 : 0).bytes
    out.bytes += [UInt8](repeating: 0, count: 10)  // comment, disk, attributes
    out.u32(wide ? .max : short(entry.offset))
    out.bytes += entry.name
    if wide { extra64(&out, [entry.byteCount, entry.storedCount, entry.offset]) }
    return out.bytes
  }

  private static func extra64(_ out: inout ByteWriter, _ numbers: [Int]) {
    out.u16(ZipFormat.extra64)
    out.u16(UInt16(numbers.count * 8))
    for number in numbers { out.u64(UInt64(number)) }
  }

  private static func directoryEnd(start: Int, end: Int, count: Int) -> [UInt8] {
    var out = ByteWriter()
    if count >= 0xFFFF || end >= 0xFFFF_FFFF {
      out.u32(ZipFormat.directoryEnd64)
      out.u64(44)  // bytes of this record after this field
      out.u16(45)
      out.u16(45)
      out.u32(0)
      out.u32(0)
      for number in [count, count, end - start, start] { out.u64(UInt64(number)) }
      out.u32(ZipFormat.directoryLocator64)
      out.u32(0)
      out.u64(UInt64(end))
      out.u32(1)
    }
    out.u32(ZipFormat.directoryEnd)
    out.u32(0)
    for _ in 0..<2 { out.u16(UInt16(exactly: count) ?? .max) }
    out.u32(short(end - start))
    out.u32(short(start))
    out.u16(0)
    return out.bytes
  }
}

/// Little-endian numbers appended to bytes.
struct ByteWriter {
  var bytes: [UInt8] = []

  mutating func u16(_ value: UInt16) { append(value) }
  mutating func u32(_ value: UInt32) { append(value) }
  mutating func u64(_ value: UInt64) { append(value) }

  private mutating func append<T: FixedWidthInteger>(_ value: T) {
    withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
  }
}
