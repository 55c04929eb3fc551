import ApusCore
import ApusOperators
import ApusTestSupport
import Glibc
import Testing

@Suite struct EfficientNMSTests {
  private struct Setting {
    var fields: [String: AttributeValue] = [:]
    var threshold: Float = 0.3
    var most = 25
    var background = -1
    var agnostic = false
    var logits = false
    var centers = false
    var mostOfClass: Int?
    var hasAnchors = false
    var boxesPerClass = false
  }

  /// Compares reference and kernel with the oracle.
  private func compare(_ setting: Setting, batch: Int, places: Int, classes: Int, seed: UInt64) throws {
    var random = DetectionRandom(seed: seed)
    var fields: [String: AttributeValue] = [
      "score_threshold": .float(Double(setting.threshold)), "iou_threshold": .float(0.4),
      "max_output_boxes": .int(Int64(setting.most)), "background_class": .int(Int64(setting.background)),
      "score_activation": .int(setting.logits ? 1 : 0), "class_agnostic": .int(setting.agnostic ? 1 : 0),
      "box_coding": .int(setting.centers ? 1 : 0),
    ]
    if let most = setting.mostOfClass { fields["max_output_boxes_per_class"] = .int(Int64(most)) }
    let op = try PluginRegistry.shared.require("EfficientNMS_TRT").makeOperator(fields)
    let sharing = setting.boxesPerClass ? classes : 1
    let count = batch * places * sharing
    var boxes = random.boxes(count)
    if setting.centers && !setting.hasAnchors {
      boxes = boxes.map { [($0[0] + $0[2]) / 2, ($0[1] + $0[3]) / 2, $0[2] - $0[0], $0[3] - $0[1]] }
    }
    var anchors = random.boxes(places)
    if setting.hasAnchors {
      boxes = (0..<count).map { _ in random.normals(4, scale: setting.centers ? 0.3 : 5) }
      // Offsets of corners are put in order before they are added.
      if setting.centers {
        anchors = anchors.map { [($0[0] + $0[2]) / 2, ($0[1] + $0[3]) / 2, $0[2] - $0[0], $0[3] - $0[1]] }
      }
    }
    var scores = random.scores(batch * places * classes)
    if setting.logits { scores = scores.map { 6 * $0 - 3 } }
    var inputs = [
      Tensor(
        boxes.flatMap { $0 },
        shape: setting.boxesPerClass ? [batch, places, classes, 4] : [batch, places, 4]),
      Tensor(scores, shape: [batch, places, classes]),
    ]
    if setting.hasAnchors { inputs.append(Tensor(anchors.flatMap { $0 }, shape: [1, places, 4])) }
    let ran = try results(of: op, inputs, outputs: 4)
    #expect(Set(ran.keys) == ["reference", "cpu.efficient_nms"])
    for image in 0..<batch {
      var candidates: [DetectionOracle.Detection] = []
      for place in 0..<places {
        for label in 0..<classes where label != setting.background {
          let raw = scores[(image * places + place) * classes + label]
          let score = setting.logits ? Float(1 / (1 + exp(-Double(raw)))) : raw
          guard score > setting.threshold else { continue }
          let box = boxes[(image * places + place) * sharing + (setting.boxesPerClass ? label : 0)]
          candidates.append(
            .init(
              score: score, box: corners(box, setting.hasAnchors ? anchors[place] : nil, setting.centers),
              label: label))
        }
      }
      let expected = DetectionOracle.suppress(
        candidates, threshold: 0.4, most: setting.most, agnostic: setting.agnostic, inclusive: true,
        mostOfClass: setting.mostOfClass)
      for (path, outputs) in ran { check(outputs, expected, image, setting.most, path) }
    }
  }

  private func corners(_ box: [Float], _ anchor: [Float]?, _ centers: Bool) -> [Float] {
    var b = box.map { Double($0) }
    if let a = anchor?.map({ Double($0) }) {
      if centers {
        b = [b[0] * a[2] + a[0], b[1] * a[3] + a[1], a[2] * exp(b[2]), a[3] * exp(b[3])]
      } else {
        b = [
          min(b[0], b[2]) + a[0], min(b[1], b[3]) + a[1], max(b[0], b[2]) + a[2], max(b[1], b[3]) + a[3],
        ]
      }
    }
    if centers { b = [b[0] - b[2] / 2, b[1] - b[3] / 2, b[0] + b[2] / 2, b[1] + b[3] / 2] }
    return b.map { Float($0) }
  }

  private func check(
    _ outputs: [Tensor], _ expected: [DetectionOracle.Detection], _ image: Int, _ most: Int, _ path: String
  ) {
    #expect(outputs[0].integers()[image] == Int64(expected.count), "\(path): count of \(image)")
    for row in 0..<most {
      let at = image * most + row
      let want = row < expected.count ? expected[row] : .init(score: 0, box: [0, 0, 0, 0], label: 0)
      #expect(abs(Float(outputs[2].doubles()[at]) - want.score) < 1e-6, "\(path): score \(row) of \(image)")
      #expect(Int(outputs[3].integers()[at]) == want.label, "\(path): class \(row) of \(image)")
      for k in 0..<4 {
        #expect(abs(outputs[1].doubles()[4 * at + k] - Double(want.box[k])) < 1e-3, "\(path): box \(row)")
      }
    }
  }

  @Test(arguments: [1, 20]) func bothCodingsAndActivation(batch: Int) throws {
    for variant in 0..<8 {
      var setting = Setting()
      setting.centers = variant & 1 != 0
      setting.logits = variant & 2 != 0
      setting.agnostic = variant & 4 != 0
      setting.background = variant == 3 ? 1 : -1
      try compare(setting, batch: batch, places: 61, classes: 3, seed: UInt64(variant))
    }
  }

  @Test func anchorsClassLimitsAndBoxesOfClasses() throws {
    for variant in 0..<4 {
      var setting = Setting()
      setting.hasAnchors = variant < 2
      setting.centers = variant == 1
      setting.boxesPerClass = variant == 2
      setting.mostOfClass = variant == 3 ? 2 : nil
      try compare(setting, batch: 2, places: 53, classes: 4, seed: 40 + UInt64(variant))
    }
  }

  @Test func noDetectionsAndMoreCandidatesThanAreSortedAtOnce() throws {
    var none = Setting()
    none.threshold = 1
    try compare(none, batch: 2, places: 9, classes: 2, seed: 50)
    var many = Setting()
    many.threshold = 0
    many.most = 60
    many.agnostic = true
    // 9000 candidates of 100 pixels, so that suppression reaches far behind the first 4096.
    try compare(many, batch: 1, places: 3000, classes: 3, seed: 51)
  }
}
