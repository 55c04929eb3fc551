public import ApusCore
import ApusVision

/// How far the detections of two runs are the same, as sets: matched within a picture by class and overlap.
public struct DetectionAgreement: Sendable, Codable, Hashable {
  public var expected = 0
  public var actual = 0
  /// Pairs of one class that overlap by half their union or more.
  public var matched = 0
  /// Least overlap of a pair; 1 without pairs.
  public var leastOverlap = 1.0
  public var largestScoreDifference = 0.0

  public init() {}

  /// Both together, of other pictures.
  public static func + (a: DetectionAgreement, b: DetectionAgreement) -> DetectionAgreement {
    var sum = a
    sum.expected += b.expected
    sum.actual += b.actual
    sum.matched += b.matched
    sum.leastOverlap = min(a.leastOverlap, b.leastOverlap)
    sum.largestScoreDifference = max(a.largestScoreDifference, b.largestScoreDifference)
    return sum
  }
}

extension DetectionAgreement {
  /// One line of a report.
  public var summary: String {
    "\(matched) of \(expected) matched, \(actual) found; least overlap \(Float(leastOverlap)), "
      + "scores within \(Float(largestScoreDifference))"
  }
}

/// Outputs of a detector brought into the order of another run's, where scores that hardly differ may swap rows.
public struct DetectionAlignment: Sendable {
  public let agreement: DetectionAgreement
  /// All outputs; boxes, scores and classes with their rows moved to those they match.
  public let tensors: [String: Tensor]

  /// nil where the outputs do not look like detections, by names and shapes.
  public init?(of actual: [String: Tensor], to expected: [String: Tensor]) {
    guard let outputs = try? DetectionOutputs(names: expected.keys.sorted()),
      let wanted = DetectionRows(expected, outputs), let found = DetectionRows(actual, outputs),
      wanted.pictures == found.pictures
    else { return nil }
    var agreement = DetectionAgreement()
    var order: [Int] = []
    for picture in 0..<wanted.pictures {
      let pairs = wanted.pairs(with: found, picture, &agreement)
      guard wanted.most == found.most else { continue }
      var free = (0..<found.most).filter { row in !pairs.values.contains(row) }.makeIterator()
      for row in 0..<wanted.most { order.append(picture * found.most + (pairs[row] ?? free.next() ?? row)) }
    }
    var tensors = actual
    if wanted.most == found.most {
      for (name, width) in [(outputs.boxes, 4), (outputs.scores, 1), (outputs.classes, 1)] {
        tensors[name] = actual[name]?.rows(order, of: width)
      }
    }
    self.agreement = agreement
    self.tensors = tensors
  }
}

/// Boxes, scores and classes of some pictures, `most` rows each.
private struct DetectionRows {
  let pictures: Int
  let most: Int
  let counts: [Int]
  let boxes: [Double]
  let scores: [Double]
  let classes: [Double]

  init?(_ tensors: [String: Tensor], _ outputs: DetectionOutputs) {
    guard let boxes = tensors[outputs.boxes], let scores = tensors[outputs.scores],
      let classes = tensors[outputs.classes], boxes.elementCount == 4 * scores.elementCount,
      classes.elementCount == scores.elementCount,
      [boxes, scores, classes].allSatisfy({ $0.dtype != .string })
    else { return nil }
    let pictures = boxes.rank == 2 && boxes.shape[1] == 4 ? 1 : boxes.shape.first ?? 1
    let most = pictures > 0 ? scores.elementCount / pictures : 0
    (self.pictures, self.most) = (pictures, most)
    (self.boxes, self.scores, self.classes) = (boxes.doubles(), scores.doubles(), classes.doubles())
    let values = self.scores
    let given = outputs.count.flatMap { tensors[$0] }.map { $0.integers().map { Int(clamping: $0) } }
    counts = (0..<pictures).map { picture in
      if let given, picture < given.count { return min(max(given[picture], 0), most) }
      return (0..<most).count { values[picture * most + $0] > 0 }
    }
  }

  /// Rows of a picture with the rows of `other` that they match, best first.
  func pairs(with other: DetectionRows, _ picture: Int, _ agreement: inout DetectionAgreement) -> [Int: Int] {
    agreement.expected += counts[picture]
    agreement.actual += other.counts[picture]
    var pairs: [Int: Int] = [:]
    var taken: Set<Int> = []
    for row in 0..<counts[picture] {
      let at = picture * most + row
      var best: (row: Int, overlap: Double)?
      for candidate in 0..<other.counts[picture] where !taken.contains(candidate) {
        let place = picture * other.most + candidate
        guard other.classes[place] == classes[at] else { continue }
        let overlap = Self.overlap(boxes[4 * at..<4 * at + 4], other.boxes[4 * place..<4 * place + 4])
        if overlap >= 0.5, overlap > best?.overlap ?? 0 { best = (candidate, overlap) }
      }
      guard let best else { continue }
      pairs[row] = best.row
      taken.insert(best.row)
      agreement.matched += 1
      agreement.leastOverlap = min(agreement.leastOverlap, best.overlap)
      let difference = (scores[at] - other.scores[picture * other.most + best.row]).magnitude
      agreement.largestScoreDifference = max(agreement.largestScoreDifference, difference)
    }
    return pairs
  }

  /// Intersection over union; 1 for the same box, however small.
  private static func overlap(_ a: ArraySlice<Double>, _ b: ArraySlice<Double>) -> Double {
    if a.elementsEqual(b) { return 1 }
    let (p, q) = (Array(a), Array(b))
    let width = min(p[2], q[2]) - max(p[0], q[0])
    let height = min(p[3], q[3]) - max(p[1], q[1])
    guard width > 0, height > 0 else { return 0 }
    let union = (p[2] - p[0]) * (p[3] - p[1]) + (q[2] - q[0]) * (q[3] - q[1]) - width * height
    return union > 0 ? width * height / union : 0
  }
}

extension Tensor {
  /// The same shape with rows of `width` elements taken in another order.
  fileprivate func rows(_ order: [Int], of width: Int) -> Tensor {
    if dtype.isInteger {
      let values = integers()
      return Tensor(integers: order.flatMap { values[$0 * width..<($0 + 1) * width] }, dtype, shape)
    }
    let values = doubles()
    return Tensor(doubles: order.flatMap { values[$0 * width..<($0 + 1) * width] }, dtype, shape)
  }
}
