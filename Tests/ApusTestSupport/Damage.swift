import Glibc

/// Random damage to files: what a bad disk, a cut connection or a careless edit leaves.
public enum Damage {
  /// Files to try: 200, and 5,000 in the long lane (`APUS_LONG`).
  public static let count = getenv("APUS_LONG") == nil ? 200 : 5000

  /// One to four changes: bits, bytes, numbers, pieces cut out, doubled or moved.
  public static func applied(to original: [UInt8], using generator: inout some RandomNumberGenerator)
    -> [UInt8]
  {
    var bytes = original
    for _ in 0..<Int.random(in: 1...4, using: &generator) where !bytes.isEmpty {
      let at = Int.random(in: 0..<bytes.count, using: &generator)
      let length = min(Int.random(in: 1...32, using: &generator), bytes.count - at)
      switch Int.random(in: 0..<6, using: &generator) {
      case 0: bytes[at] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
      case 1: bytes[at] = UInt8.random(in: 0...255, using: &generator)
      case 2: bytes.removeSubrange(at..<at + length)
      case 3: bytes.insert(contentsOf: bytes[at..<at + length], at: at)
      case 4: bytes.removeLast(bytes.count - at)
      default: bytes.replaceSubrange(at..<at + 1, with: [0xFF, 0xFF, 0xFF, 0xFF, 0x7F])
      }
    }
    return bytes
  }
}
