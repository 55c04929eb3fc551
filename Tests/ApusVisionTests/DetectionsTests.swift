import ApusCore
import Testing

@testable import ApusVision

@Suite struct DetectionsTests {
  private let names = ["num_detections", "detection_boxes", "detection_scores", "detection_classes"]

  private func outputs(_ boxes: [Int]) -> [String: Tensor] {
    [
      "num_detections": Tensor([2, 1] as [Int32], shape: [2, 1]),
      "detection_boxes": Tensor(
        [1, 2, 3, 4, 5, 6, 7, 8, 10, 20, 30, 40, 0, 0, 0, 0] as [Float], shape: boxes),
      "detection_scores": Tensor([0.9, 0.5, 0.7, 0] as [Float], shape: [2, 2]),
      "detection_classes": Tensor([3, 1, 2, 0] as [Int32], shape: [2, 2]),
    ]
  }

  @Test func everyFormOfBoxesIsRead() throws {
    let reader = try DetectionOutputs(names: names)
    for shape in [[2, 2, 4], [2, 8, 1, 1]] {
      let found = try reader.read(outputs(shape), format: .xyxy, width: 100, height: 50)
      #expect(found.map(\.count) == [2, 1])
      #expect(
        found[1] == [
          .init(left: 10, top: 20, right: 30, bottom: 40, score: Double(0.7 as Float), classIndex: 2)
        ])
    }
    let turned = try reader.read(outputs([2, 2, 4]), format: .yxyxUnit, width: 100, height: 50)[0][0]
    #expect([turned.left, turned.top, turned.right, turned.bottom] == [200, 50, 400, 150])
  }

  @Test func withoutACountPositiveScoresCount() throws {
    let reader = try DetectionOutputs(names: ["boxes", "scores", "labels"])
    let one = [
      "boxes": Tensor([1, 2, 3, 4, 0, 0, 0, 0] as [Float], shape: [2, 4]),
      "scores": Tensor([0.25, 0] as [Float]), "labels": Tensor([7, 0] as [Int64]),
    ]
    let found = try reader.read(one, format: .xyxy, width: 9, height: 9)
    #expect(found.map { $0.map(\.classIndex) } == [[7]])
    #expect(throws: ApusError.self) { try DetectionOutputs(names: ["logits"]) }
    #expect(throws: ApusError.self) {
      try reader.read(["boxes": Tensor(.f32, [2, 4])], format: .xyxy, width: 9, height: 9)
    }
  }

  /// A box found in the model's frame lies where the object is in the original, letterboxed or not.
  @Test func boxesGoBackToTheOriginalPicture() throws {
    let picture = Picture(width: 200, height: 100)
    let input = try #require(PictureInput(name: "x", type: TensorType(.f32, [1, 3, 50, 50])))
    for letterbox in [false, true] {
      var preprocess = Preprocess.unit
      preprocess.letterbox = letterbox
      let batch = try preprocess.batch(
        [picture, picture],
        for: try #require(
          PictureInput(name: "x", type: TensorType(.f32, [.symbol("n"), 3, 50, 50]))))
      #expect(batch.tensor.shape == [2, 3, 50, 50])
      #expect(
        try batch.tensor.doubles().prefix(7500).elementsEqual(
          preprocess.tensor([picture], for: input).doubles()))
      let box = Detection(left: 10, top: 20, right: 60, bottom: 30, score: 1, classIndex: 0)
      let placed = batch.place([box], picture: 1)[0]
      // The frame is 50 by 50: a stretched picture is 4 and 2 times as large, a letterboxed one 4 times and 12.5 lower.
      let expected = letterbox ? [40.0, 32, 200, 72] : [40.0, 40, 200, 60]
      let corners = [placed.left, placed.top, placed.right, placed.bottom]
      #expect(zip(corners, expected).allSatisfy { abs($0 - $1) < 1e-9 }, "\(corners)")
    }
  }
}
