/// Reads the directory at the end of a zip file.
struct ZipDirectory {
  let reader: ByteReader

  init(_ reader: ByteReader) { self.reader = reader }

  func members() throws -> [ZipArchive.Member] {
    let (start, count) = try location()
    var offset = start
    var members: [ZipArchive.Member] = []
    for _ in 0..<count {
      let entry = try reader.slice(offset, 46)
      guard entry.u32(0) == ZipFormat.directoryEntry else {
        throw reader.damaged("the zip directory is broken")
      }
      let nameCount = Int(entry.u16(28))
      let extraCount = Int(entry.u16(30))
      let tail = try reader.slice(offset + 46, nameCount + extraCount)
      members.append(try member(entry, tail, nameCount: nameCount))
      offset += 46 + nameCount + extraCount + Int(entry.u16(32))
    }
    return members
  }

  private func member(_ entry: ByteReader, _ tail: ByteReader, nameCount: Int) throws -> ZipArchive.Member {
    let name = String(decoding: tail.bytes.prefix(nameCount), as: UTF8.self)
    guard entry.u16(8) & 1 == 0 else { throw reader.damaged("member '\(name)' is encrypted") }
    // Sizes and offset in this order; those that overflow 32 bits are in the extra field.
    var numbers = [entry.u32(24), entry.u32(20), entry.u32(42)].map { Int($0) }
    var extra = try extra64(tail, from: nameCount)
    for index in numbers.indices where numbers[index] == 0xFFFF_FFFF {
      guard let field = extra, field.bytes.count >= 8 else {
        throw reader.damaged("member '\(name)' lacks its 64-bit size")
      }
      guard let number = Int(exactly: field.u64(0)) else {
        throw reader.damaged("member '\(name)' has an impossible size")
      }
      numbers[index] = number
      extra = try field.slice(8, field.bytes.count - 8)
    }
    return ZipArchive.Member(
      name: name, byteCount: numbers[0], storedCount: numbers[1], method: entry.u16(10),
      checksum: entry.u32(16), headerOffset: numbers[2])
  }

  private func extra64(_ tail: ByteReader, from start: Int) throws -> ByteReader? {
    var offset = start
    while offset + 4 <= tail.bytes.count {
      let count = Int(tail.u16(offset + 2))
      let field = try tail.slice(offset + 4, count)
      if tail.u16(offset) == ZipFormat.extra64 { return field }
      offset += 4 + count
    }
    return nil
  }

  /// Where the directory starts and how many entries it has.
  private func location() throws -> (start: Int, count: Int) {
    let size = reader.bytes.count
    let lowest = max(0, size - 22 - 0xFFFF)
    var end = size - 22
    while end >= lowest, reader.u32(end) != ZipFormat.directoryEnd { end -= 1 }
    guard end >= lowest, end >= 0 else { throw reader.damaged("not a zip file") }
    let count = Int(reader.u16(end + 10))
    let start = Int(reader.u32(end + 16))
    guard end >= 20, reader.u32(end - 20) == ZipFormat.directoryLocator64 else { return (start, count) }
    guard let at = Int(exactly: reader.u64(end - 12)) else {
      throw reader.damaged("the zip directory is broken")
    }
    let record = try reader.slice(at, 56)
    guard record.u32(0) == ZipFormat.directoryEnd64, let count64 = Int(exactly: record.u64(32)),
      let start64 = Int(exactly: record.u64(48))
    else { throw reader.damaged("the zip directory is broken") }
    return (start64, count64)
  }
}
