import ApusCore
import Glibc

/// A box by two corners, in the coordinates of the picture.
struct Box: Hashable {
  var x1: Double
  var y1: Double
  var x2: Double
  var y2: Double

  init(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double) {
    (self.x1, self.y1, self.x2, self.y2) = (x1, y1, x2, y2)
  }

  /// Corners from four numbers in a row.
  init(_ numbers: [Double], at start: Int) {
    self.init(numbers[start], numbers[start + 1], numbers[start + 2], numbers[start + 3])
  }

  /// Corners from middle, width and height.
  init(x: Double, y: Double, width: Double, height: Double) {
    self.init(x - width / 2, y - height / 2, x + width / 2, y + height / 2)
  }

  var coordinates: [Double] { [x1, y1, x2, y2] }

  /// The corners in order.
  var ordered: Box { Box(min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2)) }

  /// `extra` is 1 where the corners are the centres of pixels, both inside the box.
  func area(extra: Double = 0) -> Double { max(x2 - x1 + extra, 0) * max(y2 - y1 + extra, 0) }

  /// Intersection over union; 0 where either is empty or not a number.
  func overlap(_ other: Box, extra: Double = 0) -> Double {
    let shared = Box(max(x1, other.x1), max(y1, other.y1), min(x2, other.x2), min(y2, other.y2))
    let intersection = shared.area(extra: extra)
    let union = area(extra: extra) + other.area(extra: extra) - intersection
    return intersection > 0 && union > 0 ? intersection / union : 0
  }

  func clamped(width: Double, height: Double) -> Box {
    func clamp(_ value: Double, _ limit: Double) -> Double { fmin(fmax(value, 0), limit) }
    return Box(clamp(x1, width), clamp(y1, height), clamp(x2, width), clamp(y2, height))
  }

  /// The box that deltas (middle in units of the anchor's size, logarithms of size ratios) make of an anchor.
  /// Girshick et al., "Rich feature hierarchies", 2014.
  static func decoded(_ anchor: Box, _ deltas: [Double], extra: Double = 0, clip: Double = .infinity) -> Box {
    let (width, height) = (anchor.x2 - anchor.x1 + extra, anchor.y2 - anchor.y1 + extra)
    let x = deltas[0] * width + anchor.x1 + width / 2
    let y = deltas[1] * height + anchor.y1 + height / 2
    let size = (width: exp(min(deltas[2], clip)) * width, height: exp(min(deltas[3], clip)) * height)
    var box = Box(x: x, y: y, width: size.width, height: size.height)
    box.x2 -= extra
    box.y2 -= extra
    return box
  }
}

/// A scored box of a class; `index` breaks ties.
struct ScoredBox {
  var score: Double
  var index: Int
  var label: Int
  var box: Box

  /// Highest score first, then lowest index.
  static func inOrder(_ a: ScoredBox, _ b: ScoredBox) -> Bool { (a.score, b.index) > (b.score, a.index) }
}

/// Greedy suppression, in the order given: a box is kept when no kept one overlaps it too much.
struct GreedySuppression {
  var threshold: Double
  /// Whether an overlap of exactly the threshold is too much.
  var inclusive = false
  var extra = 0.0
  /// Whether corners may come in any order.
  var anyCorners = false
  var acrossClasses = false
  /// Most boxes of a class.
  var mostOfClass = Int.max

  func keep(_ boxes: [ScoredBox], most: Int) -> [ScoredBox] {
    var kept: [ScoredBox] = []
    var ofClass: [Int: Int] = [:]
    for candidate in boxes {
      if kept.count >= most { break }
      if ofClass[candidate.label, default: 0] >= mostOfClass { continue }
      if kept.contains(where: { covers($0, candidate) }) { continue }
      ofClass[candidate.label, default: 0] += 1
      kept.append(candidate)
    }
    return kept
  }

  private func covers(_ a: ScoredBox, _ b: ScoredBox) -> Bool {
    guard acrossClasses || a.label == b.label else { return false }
    let (first, second) = anyCorners ? (a.box.ordered, b.box.ordered) : (a.box, b.box)
    let overlap = first.overlap(second, extra: extra)
    return overlap > threshold || (inclusive && overlap == threshold)
  }
}

/// Throws unless a field that sizes outputs is in a range that memory can be had for.
func checkRows(_ value: Int, _ field: String) throws {
  guard !(1...1 << 20).contains(value) else { return }
  throw OperatorError(
    .invalidAttribute, "field '\(field)' has a value that it cannot take", attribute: field,
    value: "\(value)",
    allowed: "1 to \(1 << 20)")
}
