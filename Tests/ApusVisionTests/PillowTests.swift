import Glibc
import Testing

@testable import ApusVision

/// Comparisons with Pillow, where a Python that has it is on the path.
struct PillowTests {
  static let hasPillow = python("import PIL")

  static func python(_ script: String, _ arguments: String...) -> Bool {
    let words = (["python3", "-c", script] + arguments).map { "'\($0)'" }
    return system(words.joined(separator: " ") + " 2>/dev/null") == 0
  }

  @Test(
    .enabled(if: hasPillow, "python3 has no Pillow"), arguments: [(20, 31), (150, 40), (61, 97), (300, 200)])
  func antialiasIsWithinOneLevelOfPillow(_ width: Int, _ height: Int) throws {
    let folder = try TemporaryFolder()
    let picture = Picture.sample(97, 61, noise: 100)
    try picture.save(to: folder.file("a.png"))
    let script =
      "import sys; from PIL import Image; Image.open(sys.argv[1]).resize((\(width), \(height)), 2).save(sys.argv[2])"
    #expect(PillowTests.python(script, folder.file("a.png"), folder.file("b.png")))
    let theirs = try Picture.load(folder.file("b.png"))
    let ours = picture.resized(width: width, height: height, .bilinearAntialias)
    // Sums that fall on a half may round either way.
    #expect(ours.largestDifference(theirs) <= 1)
  }

  @Test(.enabled(if: hasPillow, "python3 has no Pillow"), arguments: [0, 1, 2])
  func decodingEqualsPillow(_ subsampling: Int) throws {
    let folder = try TemporaryFolder()
    try Picture.sample(97, 61).save(to: folder.file("a.png"))
    let script =
      "import sys; from PIL import Image; a, b, c = sys.argv[1:]; "
      + "Image.open(a).save(b, quality=85, subsampling=\(subsampling)); Image.open(b).save(c)"
    #expect(PillowTests.python(script, folder.file("a.png"), folder.file("b.jpg"), folder.file("c.png")))
    let ours = try Picture.load(folder.file("b.jpg"))
    #expect(try ours.largestDifference(Picture.load(folder.file("c.png"))) == 0)
  }
}
