import ApusCore
import Testing

struct XXH3Tests {
  /// Values of the specification for the empty input and of `xxhsum` for "abc".
  @Test func knownHashes() {
    #expect(XXH3.hash64("") == 0x2D06_8005_38D3_94C2)
    #expect(XXH3.hash64("abc") == 0x78AF_5F94_892F_3950)
    let empty = XXH3.hash128(UnsafeRawBufferPointer(start: nil, count: 0))
    #expect(empty.hex == "99aa06d3014798d86001c324468d497f")
  }

  @Test(arguments: [0, 1, 17, 240, 241, 1023, 1024, 100_003])
  func piecesHashAsTheWhole(_ count: Int) throws {
    var random = Xoshiro256(seed: UInt64(count))
    let bytes = (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    let stream = try XXH3.Stream()
    bytes.withUnsafeBytes { whole in
      var offset = 0
      while offset < count {
        let piece = min(count - offset, Int.random(in: 1...700, using: &random))
        stream.update(UnsafeRawBufferPointer(rebasing: whole[offset..<offset + piece]))
        offset += piece
      }
      #expect(stream.digest64 == XXH3.hash64(whole))
      #expect(stream.digest128 == XXH3.hash128(whole))
    }
  }
}
