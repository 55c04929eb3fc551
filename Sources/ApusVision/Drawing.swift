/// A box on a picture, in pixels, with what it holds.
public struct LabelledBox: Sendable, Hashable {
  public var left: Double
  public var top: Double
  public var right: Double
  public var bottom: Double
  /// Chooses the colour.
  public var classIndex: Int
  /// Class name; nil shows the index.
  public var name: String?
  public var score: Double?

  public init(
    left: Double, top: Double, right: Double, bottom: Double, classIndex: Int, name: String? = nil,
    score: Double? = nil
  ) {
    self.left = left
    self.top = top
    self.right = right
    self.bottom = bottom
    self.classIndex = classIndex
    self.name = name
    self.score = score
  }

  /// The name with the score to two places.
  var caption: String {
    let name = name ?? "\(classIndex)"
    guard let score, score.isFinite else { return name }
    let hundredths = Int((min(max(score, 0), 1) * 100).rounded())
    let digits = String(hundredths % 100)
    return "\(name) \(hundredths / 100).\(digits.count < 2 ? "0" : "")\(digits)"
  }
}

extension Picture {
  /// Draws the boxes in order, each with its caption on a bar of the class's colour. Parts outside are left out.
  public mutating func draw(_ boxes: [LabelledBox]) {
    // Strokes and letters grow with the picture.
    let stroke = max(1, min(width, height) / 240)
    for box in boxes {
      let corners = [box.left, box.top, box.right, box.bottom]
      guard corners.allSatisfy(\.isFinite) else { continue }
      let edges = corners.map { Int(min(max($0.rounded(), -1e6), 1e6)) }
      let colour = Picture.colour(ofClass: box.classIndex)
      outline(edges, stroke, colour)
      caption(box.caption, edges, stroke, colour)
    }
  }

  private mutating func outline(_ edges: [Int], _ stroke: Int, _ colour: Colour) {
    let (left, top, right, bottom) = (edges[0], edges[1], edges[2], edges[3])
    fill(left, top, right, top + stroke, colour)
    fill(left, bottom - stroke, right, bottom, colour)
    fill(left, top, left + stroke, bottom, colour)
    fill(right - stroke, top, right, bottom, colour)
  }

  private mutating func caption(_ text: String, _ edges: [Int], _ stroke: Int, _ colour: Colour) {
    let scale = max(1, stroke)
    let barHeight = (BitmapFont.height + 2) * scale
    let barWidth = (text.unicodeScalars.count * BitmapFont.advance + 1) * scale
    // Above the box where there is room, else inside; never beyond the right edge while it fits.
    let top = edges[1] >= barHeight ? edges[1] - barHeight : max(edges[1], 0)
    let left = max(0, min(edges[0], width - barWidth))
    fill(left, top, left + barWidth, top + barHeight, colour)
    let ink: Colour = colour.luminance > 140 ? Colour(0, 0, 0) : Colour(255, 255, 255)
    draw(text, left + scale, top + scale, scale, ink)
  }

  private mutating func draw(_ text: String, _ left: Int, _ top: Int, _ scale: Int, _ colour: Colour) {
    for (index, character) in text.unicodeScalars.enumerated() {
      let start = left + index * BitmapFont.advance * scale
      for y in 0..<BitmapFont.height {
        for x in 0..<BitmapFont.width where BitmapFont.isInk(character, x: x, y: y) {
          let at = (x: start + x * scale, y: top + y * scale)
          fill(at.x, at.y, at.x + scale, at.y + scale, colour)
        }
      }
    }
  }

  /// Paints the part of a rectangle that lies on the picture.
  private mutating func fill(_ left: Int, _ top: Int, _ right: Int, _ bottom: Int, _ colour: Colour) {
    let columns = (low: max(left, 0), high: min(right, width))
    let rows = (low: max(top, 0), high: min(bottom, height))
    guard columns.low < columns.high, rows.low < rows.high else { return }
    for y in rows.low..<rows.high {
      for x in columns.low..<columns.high { self[x, y] = (colour.red, colour.green, colour.blue) }
    }
  }

  struct Colour: Hashable {
    let red: UInt8
    let green: UInt8
    let blue: UInt8

    init(_ red: UInt8, _ green: UInt8, _ blue: UInt8) {
      self.red = red
      self.green = green
      self.blue = blue
    }

    var luminance: Int { (Int(red) * 299 + Int(green) * 587 + Int(blue) * 114) / 1000 }
  }

  /// Hues a golden angle apart, so that neighbouring classes differ most.
  static func colour(ofClass index: Int) -> Colour {
    let hue = (Double(index) * 0.618_033_988_749_895).truncatingRemainder(dividingBy: 1)
    let sector = (hue < 0 ? hue + 1 : hue) * 6
    func channel(_ shift: Double) -> UInt8 {
      let position = (sector + shift).truncatingRemainder(dividingBy: 6)
      let level = min(max(abs(position - 3) - 1, 0), 1)
      return UInt8((level * 200 + 40).rounded())
    }
    return Colour(channel(0), channel(4), channel(2))
  }
}
