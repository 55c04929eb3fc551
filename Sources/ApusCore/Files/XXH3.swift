internal import CApusSystem

/// XXH3 hashes: identities of contents and checksums against damage, not against malice.
public enum XXH3 {
  /// A 128-bit hash; `hex` is its canonical form, as `xxh128sum` prints it.
  public struct Hash128: Hashable, Sendable, Codable {
    public var high: UInt64
    public var low: UInt64

    public init(high: UInt64, low: UInt64) {
      self.high = high
      self.low = low
    }

    public var hex: String { hexadecimal(high) + hexadecimal(low) }
  }

  public static func hash64(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
    apus_xxh3_64(bytes.baseAddress, bytes.count)
  }

  public static func hash128(_ bytes: UnsafeRawBufferPointer) -> Hash128 {
    Hash128(apus_xxh3_128(bytes.baseAddress, bytes.count))
  }

  /// Of the UTF-8 bytes.
  public static func hash64(_ text: String) -> UInt64 {
    Array(text.utf8).withUnsafeBytes { hash64($0) }
  }

  /// A hash over bytes that arrive in pieces; both digests may be read at any time.
  public final class Stream {
    private let state: OpaquePointer

    /// Throws when memory is out.
    public init() throws {
      guard let state = apus_xxh3_create() else {
        throw ApusError(.resources, Problem(.outOfMemory, "no memory for a hash"))
      }
      self.state = state
    }

    deinit { apus_xxh3_free(state) }

    public func update(_ bytes: UnsafeRawBufferPointer) {
      apus_xxh3_update(state, bytes.baseAddress, bytes.count)
    }

    public var digest64: UInt64 { apus_xxh3_digest64(state) }
    public var digest128: Hash128 { Hash128(apus_xxh3_digest128(state)) }
  }

  private static func hexadecimal(_ value: UInt64) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}

extension XXH3.Hash128 {
  fileprivate init(_ hash: apus_hash128) { self.init(high: hash.high, low: hash.low) }
}
