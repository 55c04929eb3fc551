import ApusCore
import ApusOperators
import ApusTestSupport
import Testing

@Suite struct BatchedNMSTests {
  /// Class by class with a limit on candidates, then the best of the picture.
  private func expected(
    _ boxes: [[Float]], _ scores: [Float], classes: Int, sharing: Int, topK: Int, keep: Int, background: Int,
    plusOne: Bool
  ) -> [DetectionOracle.Detection] {
    var survivors: [DetectionOracle.Detection] = []
    for label in 0..<classes where label != background {
      var ofClass: [DetectionOracle.Detection] = []
      for place in 0..<scores.count / classes {
        let score = scores[place * classes + label]
        guard score > 0.2 else { continue }
        ofClass.append(
          .init(score: score, box: boxes[place * sharing + (sharing == 1 ? 0 : label)], label: label))
      }
      let order = ofClass.indices.sorted { a, b in
        ofClass[a].score != ofClass[b].score ? ofClass[a].score > ofClass[b].score : a < b
      }
      survivors += DetectionOracle.suppress(
        order.prefix(topK).map { ofClass[$0] }, threshold: 0.4, most: .max, plusOne: plusOne)
    }
    let order = survivors.indices.sorted { a, b in
      survivors[a].score != survivors[b].score ? survivors[a].score > survivors[b].score : a < b
    }
    return order.prefix(keep).map { survivors[$0] }
  }

  @Test(arguments: [1, 20]) func suppressesAsWrittenOut(batch: Int) throws {
    let (places, classes, topK, keep) = (45, 3, 17, 12)
    for variant in 0..<4 {
      var random = DetectionRandom(seed: UInt64(100 + variant))
      let sharing = variant % 2 == 0 ? 1 : classes
      let isNormalized = variant < 2
      let background = variant == 2 ? 0 : -1
      let name = variant == 3 ? "BatchedNMSDynamic_TRT" : "BatchedNMS_TRT"
      let op = try PluginRegistry.shared.require(name).makeOperator([
        "shareLocation": .int(sharing == 1 ? 1 : 0), "backgroundLabelId": .int(Int64(background)),
        "numClasses": .int(Int64(classes)), "topK": .int(Int64(topK)), "keepTopK": .int(Int64(keep)),
        "scoreThreshold": .float(0.2), "iouThreshold": .float(0.4),
        "isNormalized": .int(isNormalized ? 1 : 0),
      ])
      let boxes = random.boxes(batch * places * sharing, size: 60).map { box in
        isNormalized ? box.map { $0 / 80 } : box
      }
      var scores = random.scores(batch * places * classes)
      for index in 0..<(batch > 1 ? places * classes : 0) { scores[index] = .nan }
      let all = try results(
        of: op,
        [
          Tensor(boxes.flatMap { $0 }, shape: [batch, places, sharing, 4]),
          Tensor(scores, shape: [batch, places, classes]),
        ], outputs: 4)
      #expect(all.keys.sorted() == ["cpu.batched_nms", "reference"])
      for (path, outputs) in all {
        #expect(outputs.map(\.shape) == [[batch, 1], [batch, keep, 4], [batch, keep], [batch, keep]])
        for image in 0..<batch {
          let wanted = expected(
            Array(boxes[image * places * sharing..<(image + 1) * places * sharing]),
            Array(scores[image * places * classes..<(image + 1) * places * classes]), classes: classes,
            sharing: sharing, topK: topK, keep: keep, background: background, plusOne: !isNormalized)
          #expect(outputs[0].integers()[image] == Int64(wanted.count))
          for row in 0..<keep {
            let at = image * keep + row
            let want = row < wanted.count ? wanted[row] : .init(score: 0, box: [0, 0, 0, 0], label: -1)
            let box = isNormalized ? want.box.map { min(max($0, 0), 1) } : want.box
            #expect(
              Float(outputs[2].doubles()[at]) == want.score, "\(path) \(variant), row \(row) of \(image)")
            #expect(Int(outputs[3].doubles()[at]) == want.label)
            #expect(outputs[1].doubles()[4 * at..<4 * at + 4].map { Float($0) } == box)
          }
        }
      }
    }
  }
}
