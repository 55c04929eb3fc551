import ApusCore
import Testing

@testable import ApusVision

struct PictureTests {
  @Test(arguments: [(1, 1), (17, 9), (64, 48)])
  func pngIsLossless(_ width: Int, _ height: Int) throws {
    let picture = Picture.sample(width, height)
    #expect(try Picture.decode(picture.png()) == picture)
  }

  @Test func jpegIsNear() throws {
    let picture = Picture.sample(67, 45, noise: 0)
    #expect(try Picture.decode(picture.jpeg(quality: 98)).largestDifference(picture) < 16)
  }

  @Test func filesAreToldApartByContents() throws {
    let folder = try TemporaryFolder()
    let picture = Picture.sample(20, 10)
    try picture.save(to: folder.file("a.png"))
    try picture.save(to: folder.file("b.JPG"))
    #expect(try Picture.load(folder.file("a.png")) == picture)
    let storage = try FileBytes.read(folder.file("b.JPG"))
    #expect(withExtendedLifetime(storage) { storage.base.load(as: UInt8.self) } == 0xFF)
    #expect(try Picture.load(folder.file("b.JPG")).width == 20)
  }

  /// A black picture with one red pixel in the upper left corner lands where each orientation says.
  @Test(arguments: [
    (1, 0, 0), (2, 7, 0), (3, 7, 3), (4, 0, 3), (5, 0, 0), (6, 3, 0), (7, 3, 7), (8, 0, 7),
  ])
  func orientationIsApplied(_ orientation: UInt8, _ x: Int, _ y: Int) throws {
    var picture = Picture(width: 8, height: 4)
    picture[0, 0] = (255, 0, 0)
    // SOI, then an APP1 segment: big-endian TIFF with one entry, tag 0x0112 of type SHORT.
    let tiff: [UInt8] =
      Array("MM".utf8) + [
        0, 42, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0, 0, 0, 0, 0,
      ]
    let body = Array("Exif".utf8) + [0, 0] + tiff
    let segment: [UInt8] = [0xFF, 0xE1, 0, UInt8(body.count + 2)] + body
    let jpeg = try picture.jpeg(quality: 100)
    let turned = try Picture.decode(Array(jpeg[..<2]) + segment + Array(jpeg[2...]))
    #expect(turned.width == (orientation >= 5 ? 4 : 8))
    // Colour is stored at half resolution, so brightness tells.
    let brightness = (0..<32).map { turned[$0 % turned.width, $0 / turned.width].red }
    #expect(brightness.firstIndex(of: brightness.max() ?? 0) == y * turned.width + x)
  }

  @Test func damagedPicturesNeverCrash() throws {
    let picture = Picture.sample(48, 32)
    var random = Xoshiro256(seed: 9)
    for bytes in [try picture.png(), try picture.jpeg()] {
      for round in 0..<400 {
        var damaged = bytes
        if round % 2 == 0 {
          damaged.removeLast(Int.random(in: 20..<bytes.count, using: &random))
          #expect(throws: ApusError.self) { try Picture.decode(damaged) }
        } else {
          for _ in 0..<4 {
            damaged[Int.random(in: 2..<bytes.count, using: &random)] = UInt8.random(
              in: 0...255, using: &random)
          }
          _ = try? Picture.decode(damaged)
        }
      }
    }
  }

  @Test func otherFilesAreRefused() {
    let error = #expect(throws: ApusError.self) { try Picture.decode(Array("GIF89a".utf8)) }
    #expect(error?.problems.first?.id == .badPicture)
  }
}
