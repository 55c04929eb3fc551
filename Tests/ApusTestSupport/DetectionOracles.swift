import Glibc

/// Detection post-processing written out plainly from its contracts, sharing nothing with the operators.
public enum DetectionOracle {
  public struct Detection: Sendable, Equatable {
    public var score: Float
    public var box: [Float]
    public var label: Int

    public init(score: Float, box: [Float], label: Int) {
      self.score = score
      self.box = box
      self.label = label
    }
  }

  /// One picture of a pyramid level.
  public struct Level: Sendable {
    public var scores: [Float]
    public var deltas: [Float]
    public var anchors: [[Float]]
    public var classes: Int
    public var height: Int
    public var width: Int
    public var strideY = 8
    public var strideX = 8
    public var threshold: Float = 0.05
    public var most = 1000
    public var plusOne = true
    public var imageSize: (height: Int, width: Int)?
    public var clip: Float?

    public init(
      scores: [Float], deltas: [Float], anchors: [[Float]], classes: Int, height: Int, width: Int
    ) {
      (self.scores, self.deltas, self.anchors) = (scores, deltas, anchors)
      (self.classes, self.height, self.width) = (classes, height, width)
    }
  }

  public static func decode(_ level: Level) -> [Detection] {
    var found: [(position: Int, detection: Detection)] = []
    let one: Double = level.plusOne ? 1 : 0
    for (a, anchor) in level.anchors.enumerated() {
      for label in 0..<level.classes {
        for y in 0..<level.height {
          for x in 0..<level.width {
            let position = ((a * level.classes + label) * level.height + y) * level.width + x
            guard level.scores[position] > level.threshold else { continue }
            let delta = (0..<4).map { k in
              Double(level.deltas[((a * 4 + k) * level.height + y) * level.width + x])
            }
            let left = Double(anchor[0]) + Double(x * level.strideX)
            let top = Double(anchor[1]) + Double(y * level.strideY)
            let w = Double(anchor[2]) - Double(anchor[0]) + one
            let h = Double(anchor[3]) - Double(anchor[1]) + one
            let limit = level.clip.map { Double($0) } ?? .greatestFiniteMagnitude
            let (cx, cy) = (delta[0] * w + left + 0.5 * w, delta[1] * h + top + 0.5 * h)
            let (pw, ph) = (exp(min(delta[2], limit)) * w, exp(min(delta[3], limit)) * h)
            var right = Double(level.width * level.strideX) - 1
            var bottom = Double(level.height * level.strideY) - 1
            if let size = level.imageSize {
              (right, bottom) = (Double(size.width) - one, Double(size.height) - one)
            }
            let box = [
              min(max(cx - pw / 2, 0), right), min(max(cy - ph / 2, 0), bottom),
              min(max(cx + pw / 2 - one, 0), right), min(max(cy + ph / 2 - one, 0), bottom),
            ]
            found.append(
              (position, Detection(score: level.scores[position], box: box.map { Float($0) }, label: label)))
          }
        }
      }
    }
    found.sort { a, b in
      a.detection.score != b.detection.score ? a.detection.score > b.detection.score : a.position < b.position
    }
    return found.prefix(level.most).map(\.detection)
  }

  public static func overlap(_ a: [Float], _ b: [Float], plusOne: Bool) -> Double {
    let one: Double = plusOne ? 1 : 0
    func area(_ c: [Double]) -> Double {
      c[2] - c[0] + one <= 0 || c[3] - c[1] + one <= 0 ? 0 : (c[2] - c[0] + one) * (c[3] - c[1] + one)
    }
    let (p, q) = (a.map { Double($0) }, b.map { Double($0) })
    let shared = area([max(p[0], q[0]), max(p[1], q[1]), min(p[2], q[2]), min(p[3], q[3])])
    return shared == 0 ? 0 : shared / (area(p) + area(q) - shared)
  }

  /// Greedy: walk down the candidates, drop whatever a kept one covers.
  public static func suppress(
    _ candidates: [Detection], threshold: Float, most: Int, plusOne: Bool = false, agnostic: Bool = false,
    inclusive: Bool = false, mostOfClass: Int? = nil
  ) -> [Detection] {
    let order = candidates.indices.sorted { a, b in
      candidates[a].score != candidates[b].score ? candidates[a].score > candidates[b].score : a < b
    }
    var kept: [Detection] = []
    for index in order where kept.count < most {
      let candidate = candidates[index]
      var isFree = true
      if let mostOfClass, kept.filter({ $0.label == candidate.label }).count >= mostOfClass { continue }
      for other in kept where agnostic || other.label == candidate.label {
        let covered = overlap(other.box, candidate.box, plusOne: plusOne)
        if covered > Double(threshold) || (inclusive && covered == Double(threshold)) { isFree = false }
      }
      if isFree { kept.append(candidate) }
    }
    return kept
  }
}
