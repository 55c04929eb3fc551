import Testing

@testable import ApusVision

struct DrawingTests {
  @Test func boxesStayOnThePicture() {
    var picture = Picture(width: 40, height: 30)
    picture.draw([
      LabelledBox(left: -5, top: -5, right: 100, bottom: 100, classIndex: 0, name: "all", score: 0.5),
      LabelledBox(left: .nan, top: 0, right: 1, bottom: 1, classIndex: 1),
      LabelledBox(left: 1e300, top: 0, right: -1e300, bottom: 1, classIndex: -3),
    ])
    #expect(picture.pixels.count == 40 * 30 * 3)
  }

  @Test func outlineHasTheColourOfItsClass() {
    var picture = Picture(width: 200, height: 100)
    picture.draw([LabelledBox(left: 50, top: 40, right: 150, bottom: 90, classIndex: 4, name: "a")])
    let colour = Picture.colour(ofClass: 4)
    for corner in [(50, 40), (149, 40), (50, 89), (149, 89)] {
      #expect(picture[corner.0, corner.1] == (colour.red, colour.green, colour.blue))
    }
    #expect(picture[100, 60] == (0, 0, 0))
  }

  @Test func classesDiffer() {
    #expect(Set((0..<80).map(Picture.colour(ofClass:))).count == 80)
  }

  @Test func captionsRound() {
    func caption(_ score: Double?) -> String {
      LabelledBox(left: 0, top: 0, right: 1, bottom: 1, classIndex: 7, score: score).caption
    }
    #expect(caption(nil) == "7")
    #expect(caption(0.054) == "7 0.05")
    #expect(caption(0.999) == "7 1.00")
    #expect(caption(.nan) == "7")
  }

  @Test func everyPrintableCharacterButTheSpaceHasInkOfItsOwn() {
    let glyphs = (33...126).compactMap(Unicode.Scalar.init).map { character in
      (0..<35).map { BitmapFont.isInk(character, x: $0 % 5, y: $0 / 5) }
    }
    #expect(Set(glyphs).count == 94)
    #expect(glyphs.allSatisfy { $0.contains(true) })
  }
}
