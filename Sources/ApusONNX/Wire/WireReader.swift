/// Reads the protocol buffer wire format from memory that may hold anything.
struct WireReader {
  let bytes: UnsafeRawBufferPointer
  var offset: Int
  let end: Int

  init(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) {
    self.bytes = bytes
    offset = range.lowerBound
    end = range.upperBound
  }

  var isAtEnd: Bool { offset >= end }

  /// A field's number, wire type and, when it has one, its payload; `offset` moves behind it.
  struct Field {
    let number: Int
    let wireType: Int
    let payload: Range<Int>
  }

  mutating func varint() throws(WireError) -> UInt64 {
    var (value, shift) = (UInt64(0), UInt64(0))
    while offset < end && shift < 64 {
      let byte = bytes[offset]
      offset += 1
      value |= UInt64(byte & 0x7F) << shift
      if byte < 0x80 { return value }
      shift += 7
    }
    throw WireError(offset: offset, reason: shift < 64 ? "it ends within a number" : "a number is too long")
  }

  mutating func field() throws(WireError) -> Field {
    let start = offset
    let tag = try varint()
    let number = Int(truncatingIfNeeded: tag >> 3)
    guard number > 0 && number < 1 << 29 else { throw WireError(offset: start, reason: "bad field number") }
    let wireType = Int(tag & 7)
    let from = offset
    switch wireType {
    case 0: _ = try varint()
    case 1: try skip(8)
    case 5: try skip(4)
    case 2:
      let length = try varint()
      guard length <= UInt64(end - offset) else {
        throw WireError(
          offset: start, reason: "a field of \(length) bytes has only \(end - offset) left; is it truncated?")
      }
      let first = offset
      offset += Int(length)
      return Field(number: number, wireType: wireType, payload: first..<offset)
    default: throw WireError(offset: start, reason: "bad wire type \(wireType)")
    }
    return Field(number: number, wireType: wireType, payload: from..<offset)
  }

  private mutating func skip(_ count: Int) throws(WireError) {
    guard count <= end - offset else { throw WireError(offset: offset, reason: "it ends within a number") }
    offset += count
  }
}

/// Why bytes are no protocol buffer.
struct WireError: Error {
  let offset: Int
  let reason: String
}
