public import ApusCore
import ApusOperators

/// An operator with fresh inputs, for holding an implementation against the reference.
public struct OperatorCase: Sendable {
  public var label: String
  public var op: any Operator
  public var inputs: [Tensor?]
  public var outputs: Int

  public init(_ label: String, _ op: any Operator, _ inputs: [Tensor?], outputs: Int = 1) {
    self.label = label
    self.op = op
    self.inputs = inputs
    self.outputs = outputs
  }

  /// The operator in a graph of its own, what it is fed and what must come out.
  public func graph() throws -> (graph: Graph, inputs: [String: Tensor], expected: [String: Tensor]) {
    var graph = Graph(name: "case")
    var (fed, expected): ([String: Tensor], [String: Tensor]) = ([:], [:])
    let values = inputs.enumerated().map { index, tensor -> ValueID? in
      guard let tensor else { return nil }
      fed["x\(index)"] = tensor
      return graph.addInput("x\(index)", .tensor(tensor.dtype, tensor.shape.map { .constant($0) }))
    }
    let node = graph.addNode(op, values, outputs: (0..<outputs).map { "y\($0)" })
    if let problem = graph.inferTypes().first { throw ApusError(.internal, problem) }
    graph.setOutputs(graph[node].outputs.compactMap { $0 })
    let results = try op.evaluate(Operands(inputs, outputCount: outputs))
    for (index, value) in results.enumerated() { expected["y\(index)"] = value.tensor }
    return (graph, fed, expected)
  }

  /// What differs by more than rounding, or nil; integers must agree.
  public static func difference(_ outputs: [String: Tensor], _ expected: [String: Tensor]) -> String? {
    for (name, want) in expected.sorted(by: { $0.key < $1.key }) {
      guard let got = outputs[name] else { return "\(name) is missing" }
      guard got.type == want.type else { return "\(name) is \(got.type) instead of \(want.type)" }
      let (a, b) = (got.doubles(), want.doubles())
      let scale = b.reduce(1) { $1.isFinite ? max($0, $1.magnitude) : $0 }
      let limit =
        scale * (want.dtype == .f16 ? 2e-3 : want.dtype == .bf16 ? 1.6e-2 : want.dtype.isFloat ? 2e-5 : 0)
      let wrong = a.indices.filter { !((a[$0] - b[$0]).magnitude <= limit) }
      if let first = wrong.first {
        return "\(name)[\(first)] is \(a[first]) instead of \(b[first]), \(wrong.count) of \(a.count) differ"
      }
    }
    return nil
  }
}

/// How scores are distributed.
public enum Spread: String, CaseIterable, Sendable {
  /// A few exceed the threshold.
  case few
  /// All do.
  case all
  /// Eight different ones.
  case ties
  /// Every third is none.
  case nan
  case none

  public func score(_ index: Int) -> Float {
    switch self {
    case .few: Float.random(in: 0...1) < 0.01 ? Float.random(in: 0.05...1) : Float.random(in: 0...0.05)
    case .all: Float.random(in: 0.06...1)
    case .ties: Float(Int.random(in: 1...8)) / 8
    case .nan: index % 3 == 0 ? .nan : Float.random(in: 0...1)
    case .none: Float.random(in: 0...0.04)
    }
  }

  public func scores(_ shape: [Int], _ dtype: DType) -> Tensor {
    tensor(shape, dtype) { score($0) }
  }
}

/// A tensor by its elements.
public func tensor(_ shape: [Int], _ dtype: DType, _ element: (Int) -> Float) -> Tensor {
  let values = (0..<shape.reduce(1, *)).map(element)
  return dtype == .f32
    ? Tensor(values, shape: shape) : Tensor(doubles: values.map { Double($0) }, dtype, shape)
}

/// Boxes by their corners around a few middles, so that many overlap.
public func boxes(_ shape: [Int], _ dtype: DType, extent: Float) -> Tensor {
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

private let someAnchors: [Float] = [-16, -16, 16, 16, -23, -11, 23, 11, -11, -23, 11, 23]

/// Scores of a picture are more than a list holds; batches have smaller ones.
public func retinaNetDecodeCases() -> [OperatorCase] {
  var checks: [OperatorCase] = []
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
        let (classes, height, width) = pictures == 1 ? (30, 20, 25) : (5, 13, 11)
        checks.append(
          OperatorCase(
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

/// Every spread of scores, batches and settings.
public func retinaNetNMSCases() -> [OperatorCase] {
  var checks: [OperatorCase] = []
  for dtype in [DType.f32, .f16] {
    for spread in Spread.allCases {
      for (pictures, count) in [(1, 5000), (20, 333), (2, 20000)] {
        var op = RetinaNetNMS()
        op.maxDetections = count == 333 ? 300 : 100
        op.legacyPlusOne = count != 5000
        checks.append(
          OperatorCase(
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

/// Every spread of scores, batches and settings.
public func efficientNMSCases() -> [OperatorCase] {
  var checks: [OperatorCase] = []
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
      OperatorCase(
        "efficient nms \(trial) \(dtype) \(spread)", op,
        [
          hasAnchors ? offsets : sizes, spread.scores([pictures, places, classes], dtype),
          hasAnchors ? anchors : nil,
        ].prefix(hasAnchors ? 3 : 2).map { $0 }, outputs: 4))
  }
  return checks
}

/// Every spread of scores, batches and settings.
public func batchedNMSCases() -> [OperatorCase] {
  var checks: [OperatorCase] = []
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
      OperatorCase(
        "batched nms \(trial) \(dtype) \(spread)", op,
        [
          boxes(
            [pictures, count, op.shareLocation ? 1 : classes, 4], dtype, extent: op.isNormalized ? 1.1 : 300),
          spread.scores([pictures, count, classes], dtype),
        ], outputs: 4))
  }
  return checks
}

/// All levels of a RetinaNet in one, with scores as they are or as logits, in one type or two.
public func retinaNetDetectionCases() -> [OperatorCase] {
  var cases: [OperatorCase] = []
  for spread in Spread.allCases {
    for (pictures, dtype, areLogits) in [(1, DType.f32, false), (3, .f16, true), (20, .f16, false)] {
      let sizes = pictures == 1 ? [(20, 25), (10, 13), (5, 7)] : [(7, 9), (4, 5)]
      var (levels, inputs): ([RetinaNetDecode], [Tensor?]) = ([], [])
      for (number, (height, width)) in sizes.enumerated() {
        var level = RetinaNetDecode()
        level.anchors = someAnchors
        level.stride = [8 << number, 8 << number]
        level.topkCandidates = pictures == 3 ? 200 : 1000
        if areLogits { level.scoreThreshold = 0.55 }
        levels.append(level)
        inputs.append(spread.scores([pictures, 30, height, width], dtype))
        inputs.append(tensor([pictures, 12, height, width], dtype) { _ in Float.random(in: -0.5...0.5) })
      }
      let op = RetinaNetDetection(levels: levels, nms: RetinaNetNMS(), areLogits: areLogits, dtype: .f32)
      cases.append(
        OperatorCase("retinanet detection \(dtype) \(spread) \(pictures)", op, inputs, outputs: 4))
    }
  }
  return cases
}

/// Suppression of every form, with every spread of scores.
public func suppressionCases() -> [OperatorCase] {
  var cases: [OperatorCase] = []
  for trial in 0..<20 {
    let (dtype, spread) = (trial % 4 == 3 ? DType.f16 : .f32, Spread.allCases[trial % 5])
    var op = PaddedSuppression()
    op.overlap = [0.5, 0.3, 0][trial % 3]
    op.takesAll = trial % 2 == 0
    op.threshold = 0.2
    if trial < 12 {
      let (pictures, classes, count) = [(1, 4, 700), (20, 3, 61), (2, 1, 2500)][trial / 4]
      op.most = [10, 1000, 1][trial % 3]
      op.takesMiddles = trial % 4 >= 2
      var corners = boxes([pictures, count, 4], dtype, extent: 80).doubles().map { Float($0) }
      for start in stride(from: 0, to: corners.count, by: 12) {
        corners[start..<start + 4] = ArraySlice(corners[start..<start + 4].reversed())
      }
      cases.append(
        OperatorCase(
          "suppression \(trial) \(dtype) \(spread)", op,
          [
            tensor([pictures, count, 4], dtype) { corners[$0] },
            spread.scores([pictures, classes, count], dtype),
          ],
          outputs: 2))
    } else {
      let count = [90, 300, 1500][trial % 3]
      op.takesAll = true
      op.most = count
      let labels = Tensor(
        integers: (0..<count).map { _ in Int64.random(in: -2..<3) }, trial % 4 == 1 ? .i32 : .i64, [count])
      cases.append(
        OperatorCase(
          "suppression \(trial) \(dtype) \(spread)", op,
          [boxes([count, 4], dtype, extent: 300), spread.scores([count], dtype)]
            + (trial % 2 == 1 ? [labels] : []), outputs: 2))
    }
  }
  return cases
}

/// Deformable convolution with the operands of plugins, with and without bias.
public func deformableCases() -> [OperatorCase] {
  (0..<3).map { trial in
    var op = ModulatedDeformConv2d()
    (op.convolution.strides, op.convolution.pads) = ([1 + trial, 2], [1, trial, 1, trial])
    (op.convolution.group, op.convolution.offsetGroup) = (trial == 1 ? 2 : 1, trial == 2 ? 1 : 2)
    let (height, width) = ((9 + 2 - 3) / (1 + trial) + 1, (8 + 2 * trial - 3) / 2 + 1)
    let fields = 9 * op.convolution.offsetGroup
    func any(_ shape: [Int]) -> Tensor { tensor(shape, .f32) { _ in Float.random(in: -1.5...1.5) } }
    let inputs = [
      any([2, 4, 9, 8]), any([2, 2 * fields, height, width]), any([2, fields, height, width]),
      any([6, 4 / op.convolution.group, 3, 3]),
    ]
    return OperatorCase("deformable \(trial)", op, inputs + (trial == 0 ? [] : [any([6])]))
  }
}

/// Regions of all sizes, some beyond the picture, from one map and from levels.
public func roiAlignCases() -> [OperatorCase] {
  var cases: [OperatorCase] = []
  for trial in 0..<12 {
    let (dtype, count) = (trial % 3 == 2 ? DType.f16 : .f32, [1, 20, 63][trial / 3 % 3])
    let corners = { (_: Int) in (0..<2).map { _ in Float.random(in: -8...100) } }
    let regions = (0..<count).map { index -> [Float] in
      let start = corners(index)
      return start + start.map { $0 + Float.random(in: index % 7 == 0 ? -5...0.5 : 1...90) }
    }
    func map(_ height: Int, _ width: Int) -> Tensor {
      tensor([3, 5, height, width], dtype) { _ in Float.random(in: -1...1) }
    }
    if trial % 2 == 0 {
      var op = RoiAlign()
      (op.outputHeight, op.outputWidth) = (3, 4)
      op.samplingRatio = trial % 4
      op.spatialScale = 0.25
      op.isMaximum = trial % 6 == 4
      op.halfPixel = trial % 4 == 2
      cases.append(
        OperatorCase(
          "roi align \(trial) \(dtype)", op,
          [
            map(23, 19), tensor([count, 4], dtype) { regions[$0 / 4][$0 % 4] },
            Tensor(integers: (0..<count).map { Int64($0 % 3) }, .i64, [count]),
          ]))
    } else {
      var op = MultiscaleRoiAlign()
      op.strides = [4, 8, 16]
      (op.outputHeight, op.outputWidth) = (2, 3)
      op.finestScale = 20
      op.samplingRatio = trial % 4 == 1 ? 2 : 0
      op.aligned = trial % 3 == 0
      cases.append(
        OperatorCase(
          "roi align levels \(trial) \(dtype)", op,
          [
            tensor([count, 5], dtype) { $0 % 5 == 0 ? Float($0 / 5 % 3) : regions[$0 / 5][$0 % 5 - 1] },
            map(25, 25), map(13, 13), map(7, 7),
          ]))
    }
  }
  return cases
}
