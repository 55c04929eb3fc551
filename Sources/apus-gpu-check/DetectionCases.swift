import ApusCore
import ApusOperators

/// How scores are distributed.
enum Spread: String, CaseIterable {
  /// A few exceed the threshold.
  case few
  /// All do.
  case all
  /// Eight different ones.
  case ties
  /// Every third is none.
  case nan
  case none

  func score(_ index: Int) -> Float {
    switch self {
    case .few: Float.random(in: 0...1) < 0.01 ? Float.random(in: 0.05...1) : Float.random(in: 0...0.05)
    case .all: Float.random(in: 0.06...1)
    case .ties: Float(Int.random(in: 1...8)) / 8
    case .nan: index % 3 == 0 ? .nan : Float.random(in: 0...1)
    case .none: Float.random(in: 0...0.04)
    }
  }

  func scores(_ shape: [Int], _ dtype: DType) -> Tensor {
    tensor(shape, dtype) { score($0) }
  }
}

func tensor(_ shape: [Int], _ dtype: DType, _ element: (Int) -> Float) -> Tensor {
  let values = (0..<shape.reduce(1, *)).map(element)
  return dtype == .f32
    ? Tensor(values, shape: shape) : Tensor(doubles: values.map { Double($0) }, dtype, shape)
}

/// Boxes by their corners around a few middles, so that many overlap.
func boxes(_ shape: [Int], _ dtype: DType, extent: Float) -> Tensor {
  var middle: [Float] = [0, 0]
  return tensor(shape, dtype) { index in
    if index % 4 == 0 {
      middle = (0..<2).map { _ in extent * (Float(Int.random(in: 1...6)) / 7 + Float.random(in: -0.03...0.03))
      }
    }
    let half = extent * Float.random(in: 0.04...0.1)
    return middle[index % 2] + (index % 4 < 2 ? -half : half)
  }
}

let someAnchors: [Float] = [-16, -16, 16, 16, -23, -11, 23, 11, -11, -23, 11, 23]

func decodeChecks() throws -> [GraphCheck] {
  var checks: [GraphCheck] = []
  for dtype in [DType.f32, .f16] {
    for spread in Spread.allCases {
      for pictures in [1, 20] {
        var op = RetinaNetDecode()
        op.anchors = someAnchors
        op.stride = [8, 16]
        op.topkCandidates = pictures == 1 ? 1000 : 100
        op.legacyPlusOne = pictures == 1
        if pictures == 20 {
          op.imageSize = [200, 300]
          op.deltaClip = 0.5
        }
        // 45,000 scores of a picture are more than a list holds.
        let (classes, height, width) = pictures == 1 ? (30, 20, 25) : (5, 13, 11)
        checks.append(
          try GraphCheck(
            "decode \(dtype) \(spread) \(pictures)", op,
            [
              spread.scores([pictures, 3 * classes, height, width], dtype),
              tensor([pictures, 12, height, width], dtype) { _ in Float.random(in: -1...1) },
            ], outputs: 3))
      }
    }
  }
  return checks
}

func retinaNetNMSChecks() throws -> [GraphCheck] {
  var checks: [GraphCheck] = []
  for dtype in [DType.f32, .f16] {
    for spread in Spread.allCases {
      for (pictures, count) in [(1, 5000), (20, 333), (2, 20000)] {
        var op = RetinaNetNMS()
        op.maxDetections = count == 333 ? 300 : 100
        op.legacyPlusOne = count != 5000
        checks.append(
          try GraphCheck(
            "retinanet nms \(dtype) \(spread) \(pictures)x\(count)", op,
            [
              spread.scores([pictures, count, 1, 1], dtype),
              boxes([pictures, 4 * count, 1, 1], dtype, extent: 400),
              tensor([pictures, count, 1, 1], dtype) { _ in Float(Int.random(in: 0..<3)) },
            ], outputs: 4))
      }
    }
  }
  return checks
}

func efficientNMSChecks() throws -> [GraphCheck] {
  var checks: [GraphCheck] = []
  for trial in 0..<24 {
    let (dtype, spread) = (trial % 4 == 3 ? DType.f16 : .f32, Spread.allCases[trial % 5])
    let (pictures, places, classes) = [(1, 3000, 6), (20, 200, 3), (4, 500, 1), (3, 77, 11)][trial / 5 % 4]
    var op = EfficientNMS()
    op.scoreThreshold = trial % 7 == 0 ? 0 : 0.3
    op.iouThreshold = [0.5, 0.25, 0.7][trial % 3]
    op.maxOutputBoxes = [100, 20, 300][trial / 3 % 3]
    op.maxOutputBoxesPerClass = trial % 5 == 2 ? 4 : -1
    op.backgroundClass = trial % 6 == 1 ? 0 : -1
    op.scoreActivation = trial % 2 == 1
    op.classAgnostic = trial % 4 == 2
    op.clipBoxes = trial % 3 == 1
    op.centerCoding = trial % 4 >= 2
    let perPlace = trial % 8 == 5 ? classes : 1
    let shape = perPlace == 1 ? [pictures, places, 4] : [pictures, places, perPlace, 4]
    let sizes = boxes(shape, dtype, extent: 1.2)
    let hasAnchors = trial % 3 == 2
    let anchors = boxes([trial % 2 == 0 ? 1 : pictures, places, 4], dtype, extent: 1)
    let offsets = tensor(shape, dtype) { _ in Float.random(in: -0.2...0.2) }
    checks.append(
      try GraphCheck(
        "efficient nms \(trial) \(dtype) \(spread)", op,
        [
          hasAnchors ? offsets : sizes, spread.scores([pictures, places, classes], dtype),
          hasAnchors ? anchors : nil,
        ].prefix(hasAnchors ? 3 : 2).map { $0 }, outputs: 4))
  }
  return checks
}

func batchedNMSChecks() throws -> [GraphCheck] {
  var checks: [GraphCheck] = []
  for trial in 0..<15 {
    let (dtype, spread) = (trial % 4 == 3 ? DType.f16 : .f32, Spread.allCases[trial % 5])
    let (pictures, count, classes) = [(1, 2000, 7), (20, 150, 4), (3, 65, 1)][trial % 3]
    var op = BatchedNMS()
    op.shareLocation = trial % 2 == 0
    op.backgroundLabel = trial % 4 == 1 ? 0 : -1
    op.topK = trial % 3 == 1 ? 40 : 4096
    op.keepTopK = trial % 2 == 0 ? 100 : 17
    op.scoreThreshold = 0.1
    op.isNormalized = trial % 5 != 4
    op.clipBoxes = trial % 3 != 0
    checks.append(
      try GraphCheck(
        "batched nms \(trial) \(dtype) \(spread)", op,
        [
          boxes(
            [pictures, count, op.shareLocation ? 1 : classes, 4], dtype, extent: op.isNormalized ? 1.1 : 300),
          spread.scores([pictures, count, classes], dtype),
        ], outputs: 4))
  }
  return checks
}
