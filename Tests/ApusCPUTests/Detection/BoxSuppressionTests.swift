import ApusCore
import ApusOperators
import Testing

/// Suppression whose results are as long as the data makes them, held against the references.
@Suite struct BoxSuppressionTests {
  private func expectSame(
    _ op: any Operator, _ inputs: [Tensor], sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    for threads in [1, 2] {
      let all = try results(of: op, inputs, outputs: 1, threads: threads)
      let found = try #require(
        all["cpu.box_suppression"]?.first, "\(all.keys)", sourceLocation: sourceLocation)
      let wanted = try #require(all["reference"]?.first)
      #expect(found.shape == wanted.shape, sourceLocation: sourceLocation)
      #expect(found.integers() == wanted.integers(), sourceLocation: sourceLocation)
    }
  }

  @Test(arguments: [false, true], [1, 3]) func onnx(middles: Bool, batch: Int) throws {
    var random = DetectionRandom(seed: middles ? 3 : 4)
    let (classes, places) = (4, 61)
    var boxes = random.boxes(batch * places, size: 80)
    for index in stride(from: 0, to: boxes.count, by: 3) { boxes[index] = Array(boxes[index].reversed()) }
    let inputs = [
      Tensor(boxes.flatMap { $0 }, shape: [batch, places, 4]),
      Tensor(random.scores(batch * classes * places), shape: [batch, classes, places]),
    ]
    for (most, overlap, least) in [(7, 0.3, 0.4), (1000, 0.5, 0.0), (3, 0, 0.9), (5, 1, 2)] {
      let limits = [
        Tensor([Int64(most)]), Tensor([Float(overlap)]), Tensor([Float(least)]),
      ]
      try expectSame(NonMaxSuppression(centerPoints: middles), inputs + limits)
    }
    // Without a least score all take part, also what is no number.
    try expectSame(NonMaxSuppression(centerPoints: middles), inputs + [Tensor([Int64(9)])])
    try expectSame(NonMaxSuppression(centerPoints: middles), inputs)
    try expectSame(NonMaxSuppression(centerPoints: middles), inputs + [Tensor([Int64(0)])])
  }

  @Test(arguments: [0, 1, 200]) func torchvision(count: Int) throws {
    var random = DetectionRandom(seed: 12)
    let boxes = Tensor(random.boxes(count, size: 60).flatMap { $0 }, shape: [count, 4])
    let scores = Tensor(random.scores(count), shape: [count])
    let classes = (0..<count).map { _ in Int64(random.generator.next() % 5) }
    for name in ["nms", "batched_nms"] {
      let op = try PluginRegistry.shared.require(name).makeOperator(["iou_threshold": .float(0.35)])
      let labels = name == "nms" ? [] : [Tensor(integers: classes, .i64, [count])]
      try expectSame(op, [boxes, scores] + labels)
    }
  }
}
