import ApusCore

/// The reverse of `WireScanner`: serializes a parsed message with the raw data put back where references stand, without
/// ever holding it in memory.
struct SpliceWriter {
  /// A run of the output.
  private enum Piece {
    case bytes([UInt8])
    case data(TensorStorage, Range<Int>)

    var count: Int {
      switch self {
      case .bytes(let bytes): bytes.count
      case .data(_, let range): range.count
      }
    }
  }

  private struct Pieces {
    var list: [Piece] = []
    var count = 0

    mutating func append(_ bytes: some Sequence<UInt8>) {
      var run: [UInt8] = []
      if case .bytes(let last)? = list.last {
        list.removeLast()
        run = last
      }
      count -= run.count
      run.append(contentsOf: bytes)
      count += run.count
      list.append(.bytes(run))
    }

    mutating func append(_ other: Pieces) {
      for piece in other.list {
        if case .bytes(let bytes) = piece {
          append(bytes)
        } else {
          list.append(piece)
          count += piece.count
        }
      }
    }
  }

  /// Gives the bytes that a reference stands for.
  let resolve: (String) -> (TensorStorage, Range<Int>)?
  /// Takes the output, run by run.
  let write: (UnsafeRawBufferPointer) throws -> Void

  /// Writes a serialized message. Returns how many bytes it has come to.
  func write(_ message: WireScanner.Message, _ skeleton: [UInt8]) throws -> Int {
    let pieces = try skeleton.withUnsafeBytes { bytes throws(WireError) in
      try splice(message, bytes, 0..<bytes.count, depth: 0)
    }
    for piece in pieces.list {
      switch piece {
      case .bytes(let bytes): try bytes.withUnsafeBytes { try write($0) }
      case .data(let storage, let range):
        try withExtendedLifetime(storage) {
          try write(UnsafeRawBufferPointer(start: storage.base + range.lowerBound, count: range.count))
        }
      }
    }
    return pieces.count
  }

  private func splice(
    _ message: WireScanner.Message, _ bytes: UnsafeRawBufferPointer, _ range: Range<Int>, depth: Int
  ) throws(WireError) -> Pieces {
    guard depth < WireScanner.depthLimit else {
      throw WireError(offset: range.lowerBound, reason: "messages are nested more than \(depth) deep")
    }
    if message == .tensor, let data = try reference(bytes, range) { return try tensor(bytes, range, data) }
    var reader = WireReader(bytes, range)
    var copied = range.lowerBound
    var pieces = Pieces()
    while !reader.isAtEnd {
      let start = reader.offset
      let field = try reader.field()
      guard field.wireType == 2, let child = message.child(field.number) else { continue }
      let inner = try splice(child, bytes, field.payload, depth: depth + 1)
      if inner.count == field.payload.count { continue }
      pieces.append(bytes[copied..<start])
      pieces.append(WireScanner.header(field.number, inner.count))
      pieces.append(inner)
      copied = reader.offset
    }
    pieces.append(bytes[copied..<range.upperBound])
    return pieces
  }

  /// What the tensor's reference stands for, when it has one.
  private func reference(
    _ bytes: UnsafeRawBufferPointer, _ range: Range<Int>
  ) throws(WireError) -> (TensorStorage, Range<Int>)? {
    var reader = WireReader(bytes, range)
    while !reader.isAtEnd {
      let field = try reader.field()
      if let value = try referenceValue(bytes, field) { return resolve(value) }
    }
    return nil
  }

  private func referenceValue(
    _ bytes: UnsafeRawBufferPointer, _ field: WireReader.Field
  ) throws(WireError) -> String? {
    guard field.number == 13, field.wireType == 2 else { return nil }
    var reader = WireReader(bytes, field.payload)
    var (key, value) = ("", "")
    while !reader.isAtEnd {
      let part = try reader.field()
      let text = String(decoding: bytes[part.payload], as: UTF8.self)
      if part.number == 1 { key = text }
      if part.number == 2 { value = text }
    }
    return key == WireScanner.rawDataKey ? value : nil
  }

  /// The tensor without its reference, then its raw data.
  private func tensor(
    _ bytes: UnsafeRawBufferPointer, _ range: Range<Int>, _ data: (TensorStorage, Range<Int>)
  ) throws(WireError) -> Pieces {
    var reader = WireReader(bytes, range)
    var pieces = Pieces()
    while !reader.isAtEnd {
      let start = reader.offset
      let field = try reader.field()
      let isReference = try referenceValue(bytes, field) != nil
      if !isReference && field.number != 14 { pieces.append(bytes[start..<reader.offset]) }
    }
    pieces.append(WireScanner.header(9, data.1.count))
    pieces.list.append(.data(data.0, data.1))
    pieces.count += data.1.count
    return pieces
  }
}
