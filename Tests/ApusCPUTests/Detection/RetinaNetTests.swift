import ApusCore
import ApusOperators
import ApusTestSupport
import Testing

@Suite struct RetinaNetTests {
  private func fields(_ level: DetectionOracle.Level) -> [String: AttributeValue] {
    var fields: [String: AttributeValue] = [
      "topk_candidates": .int(Int64(level.most)), "score_thresh": .float(Double(level.threshold)),
      "stride": .list([.int(Int64(level.strideY)), .int(Int64(level.strideX))]),
      "anchors": .list(level.anchors.flatMap { $0 }.map { .float(Double($0)) }),
      "num_anchors": .int(Int64(level.anchors.count * 4)),
      "legacy_plus_one": .int(level.plusOne ? 1 : 0),
    ]
    if let size = level.imageSize {
      fields["image_size"] = .list([.int(Int64(size.height)), .int(Int64(size.width))])
    }
    if let clip = level.clip { fields["delta_clip"] = .float(Double(clip)) }
    return fields
  }

  /// Compares reference and kernel with the oracle for pictures of one level.
  private func compare(_ pictures: [DetectionOracle.Level]) throws {
    let first = pictures[0]
    let creator = try PluginRegistry.shared.require("RetinaNetDecode")
    let op = try creator.makeOperator(fields(first))
    let count = pictures.count
    let scores = Tensor(
      pictures.flatMap(\.scores),
      shape: [count, first.anchors.count * first.classes, first.height, first.width])
    let deltas = Tensor(
      pictures.flatMap(\.deltas), shape: [count, first.anchors.count * 4, first.height, first.width])
    let ran = try results(of: op, [scores, deltas], outputs: 3)
    #expect(Set(ran.keys) == ["reference", "cpu.retinanet_decode"])
    for (path, outputs) in ran {
      #expect(
        outputs.map(\.shape) == [
          [count, first.most, 1, 1], [count, 4 * first.most, 1, 1], [count, first.most, 1, 1],
        ])
      for (image, picture) in pictures.enumerated() {
        let expected = DetectionOracle.decode(picture)
        for row in 0..<first.most {
          let at = image * first.most + row
          let want = row < expected.count ? expected[row] : .init(score: 0, box: [0, 0, 0, 0], label: 0)
          #expect(Float(outputs[0].doubles()[at]) == want.score, "\(path): score \(row) of \(image)")
          #expect(Int(outputs[2].doubles()[at]) == want.label, "\(path): class \(row) of \(image)")
          for k in 0..<4 {
            let got = outputs[1].doubles()[at * 4 + k]
            #expect(abs(got - Double(want.box[k])) < 2e-3, "\(path): box \(row) of \(image)")
          }
        }
      }
    }
  }

  private func level(_ random: inout DetectionRandom, height: Int, width: Int, classes: Int)
    -> DetectionOracle.Level
  {
    let anchors: [[Float]] = [[-11, -12, 12, 13], [-23, -8, 20, 9], [-5.5, -16, 7.25, 15]]
    var level = DetectionOracle.Level(
      scores: random.scores(anchors.count * classes * height * width),
      deltas: random.normals(anchors.count * 4 * height * width, scale: 0.7), anchors: anchors,
      classes: classes,
      height: height, width: width)
    level.most = 37
    return level
  }

  @Test(arguments: [1, 3]) func decodesAsWrittenOut(batch: Int) throws {
    var random = DetectionRandom(seed: UInt64(batch))
    for variant in 0..<4 {
      let pictures = (0..<batch).map { _ in
        var level = level(&random, height: 5, width: 7, classes: 3)
        level.plusOne = variant % 2 == 0
        if variant >= 2 { level.imageSize = (37, 50) }
        if variant == 3 { (level.strideY, level.strideX, level.clip) = (7, 9, 0.5) }
        return level
      }
      try compare(pictures)
    }
  }

  /// The number of anchors may be counted in anchors or in numbers; anything else is refused, naming both.
  @Test func numbersOfAnchorsThatFitNothingAreRefused() throws {
    let creator = try PluginRegistry.shared.require("RetinaNetDecode")
    func make(_ count: Int64) throws {
      _ = try creator.makeOperator([
        "stride": .int(8), "anchors": .list((0..<12).map { .float(Double($0)) }), "num_anchors": .int(count),
      ])
    }
    for count: Int64 in [0, 3, 12] { try make(count) }
    for count: Int64 in [-3, 1, 4, 9, 13] {
      let error = #expect(throws: OperatorError.self) { try make(count) }
      #expect(error?.attribute == "num_anchors" && error?.allowed == "3, or 12 numbers")
    }
  }

  @Test func moreRowsThanCandidatesAndNoCandidates() throws {
    var random = DetectionRandom(seed: 9)
    var few = level(&random, height: 2, width: 3, classes: 1)
    few.threshold = 0.8
    var none = few
    none.scores = few.scores.map { _ in .nan }
    try compare([few, none])
  }

  @Test func selectionAcrossManyBlocks() throws {
    var random = DetectionRandom(seed: 10)
    var large = level(&random, height: 40, width: 41, classes: 5)
    large.most = 100
    try compare([large])
  }

  @Test(arguments: [true, false]) func suppressesAsWrittenOut(plusOne: Bool) throws {
    var random = DetectionRandom(seed: plusOne ? 1 : 2)
    let (batch, count, most) = (3, 211, 20)
    let op = try PluginRegistry.shared.require("RetinaNetNMS").makeOperator([
      "nms_thresh": .float(0.3), "max_detections_per_image": .int(Int64(most)),
      "legacy_plus_one": .int(plusOne ? 1 : 0),
    ])
    var scores = random.scores(batch * count)
    // The last picture has no candidates.
    for index in 2 * count..<3 * count { scores[index] = index % 2 == 0 ? 0 : .nan }
    let boxes = random.boxes(batch * count)
    let classes = (0..<batch * count).map { _ in Float(random.generator.next() % 3) }
    let inputs = [
      Tensor(scores, shape: [batch, count, 1, 1]),
      Tensor(boxes.flatMap { $0 }, shape: [batch, 4 * count, 1, 1]),
      Tensor(classes, shape: [batch, count, 1, 1]),
    ]
    let ran = try results(of: op, inputs, outputs: 4)
    let uncounted = try results(of: op, inputs, outputs: 3)
    for (path, outputs) in uncounted { #expect(outputs == Array(ran[path]?.prefix(3) ?? []), "\(path)") }
    #expect(Set(ran.keys) == ["reference", "cpu.retinanet_nms"])
    for (path, outputs) in ran {
      for image in 0..<batch {
        let candidates = (image * count..<(image + 1) * count).filter { scores[$0] > 0 }.map {
          DetectionOracle.Detection(score: scores[$0], box: boxes[$0], label: Int(classes[$0]))
        }
        let expected = DetectionOracle.suppress(candidates, threshold: 0.3, most: most, plusOne: plusOne)
        #expect(outputs[3].integers()[image] == Int64(expected.count), "\(path): count of \(image)")
        for row in 0..<most {
          let at = image * most + row
          let want = row < expected.count ? expected[row] : .init(score: 0, box: [0, 0, 0, 0], label: 0)
          #expect(Float(outputs[0].doubles()[at]) == want.score, "\(path): score \(row) of \(image)")
          #expect(Int(outputs[2].doubles()[at]) == want.label, "\(path): class \(row) of \(image)")
          #expect(
            outputs[1].doubles()[4 * at..<4 * at + 4].map { Float($0) } == want.box, "\(path): box \(row)")
        }
      }
    }
  }
}
