/// Little-endian numbers within bytes that `storage` keeps alive.
///
/// `slice` checks its range; the readers of numbers demand that theirs lies within the slice.
struct ByteReader {
  let bytes: UnsafeRawBufferPointer
  let file: String
  private let storage: TensorStorage

  init(_ storage: TensorStorage, file: String) {
    self.storage = storage
    self.file = file
    bytes = UnsafeRawBufferPointer(start: storage.base, count: storage.byteCount)
  }

  private init(_ other: ByteReader, _ range: Range<Int>) {
    storage = other.storage
    file = other.file
    bytes = UnsafeRawBufferPointer(rebasing: other.bytes[range])
  }

  func slice(_ offset: Int, _ count: Int) throws -> ByteReader {
    guard offset >= 0, count >= 0, offset <= bytes.count, count <= bytes.count - offset else {
      throw damaged("the file is truncated or damaged")
    }
    return ByteReader(self, offset..<offset + count)
  }

  func u16(_ offset: Int) -> UInt16 { load(offset) }
  func u32(_ offset: Int) -> UInt32 { load(offset) }
  func u64(_ offset: Int) -> UInt64 { load(offset) }

  private func load<T: FixedWidthInteger & BitwiseCopyable>(_ offset: Int) -> T {
    T(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: T.self))
  }

  func damaged(_ message: String) -> ApusError {
    ApusError(.invalidInput, Problem(.badData, message, file: file))
  }
}
