import ApusCore
import Glibc

@testable import ApusVision

extension Picture {
  /// Smooth colour with noise on top, so that both flat and busy parts occur.
  static func sample(_ width: Int, _ height: Int, seed: UInt64 = 1, noise: Int64 = 30) -> Picture {
    var random = Xoshiro256(seed: seed)
    var picture = Picture(width: width, height: height)
    for y in 0..<height {
      for x in 0..<width {
        let levels = [x * 255 / width, y * 255 / height, (x + y) * 255 / (width + height)]
        let noisy = levels.map { UInt8(clamping: Int64($0) + random.integer(in: -noise...noise)) }
        picture[x, y] = (noisy[0], noisy[1], noisy[2])
      }
    }
    return picture
  }

  func largestDifference(_ other: Picture) -> Int {
    guard width == other.width, height == other.height else { return .max }
    return zip(pixels, other.pixels).map { abs(Int($0) - Int($1)) }.max() ?? 0
  }

  static func decode(_ bytes: [UInt8]) throws -> Picture {
    try bytes.withUnsafeBytes { try Picture(decoding: $0, file: "test") }
  }
}

/// A fresh folder that disappears with its last user.
final class TemporaryFolder {
  let path: String

  init() throws {
    var template = Array("/tmp/apus-vision-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else {
      throw ApusError(.resources, Problem(.fileUnwritable, "no temporary folder"))
    }
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  func file(_ name: String) -> String { "\(path)/\(name)" }

  func makeFolder(_ name: String) { mkdir(file(name), 0o777) }

  deinit { remove(path) }

  private func remove(_ path: String) {
    if FileBytes.isFolder(path) {
      for name in (try? FileBytes.names(inFolder: path)) ?? [] { remove("\(path)/\(name)") }
      rmdir(path)
    } else {
      unlink(path)
    }
  }
}
