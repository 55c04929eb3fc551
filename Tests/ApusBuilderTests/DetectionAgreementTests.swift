import ApusBuilder
import ApusCore
import Testing

@Suite struct DetectionAgreementTests {
  private func outputs(_ rows: [(box: [Float], score: Float, label: Int64)], most: Int) -> [String: Tensor] {
    let rest = most - rows.count
    return [
      "boxes": Tensor(
        rows.flatMap(\.box) + [Float](repeating: 0, count: 4 * rest), shape: [1, most, 4]),
      "scores": Tensor(rows.map(\.score) + [Float](repeating: 0, count: rest), shape: [1, most]),
      "classes": Tensor(
        integers: rows.map(\.label) + [Int64](repeating: 0, count: rest), .i32, [1, most]),
      "num_detections": Tensor(integers: [Int64(rows.count)], .i32, [1, 1]),
    ]
  }

  private let a: (box: [Float], score: Float, label: Int64) = ([0, 0, 10, 10], 0.9, 1)
  private let b: (box: [Float], score: Float, label: Int64) = ([20, 20, 30, 40], 0.8, 2)
  private let c: (box: [Float], score: Float, label: Int64) = ([1, 0, 10, 10], 0.8, 2)

  @Test func swappedRowsAreTheSameSet() throws {
    let expected = outputs([a, b, c], most: 5)
    let aligned = try #require(DetectionAlignment(of: outputs([a, c, b], most: 5), to: expected))
    #expect(aligned.agreement.matched == 3 && aligned.agreement.leastOverlap == 1)
    for (name, tensor) in expected {
      let found = try #require(aligned.tensors[name])
      #expect(Comparison(name, actual: found, expected: tensor, rtol: 0, atol: 0).isWithin)
    }
  }

  @Test func whatIsMissingOrOtherDoesNotMatch() throws {
    var moved = a
    moved.box = [0, 0, 10, 9]
    moved.score = 0.7
    var other = b
    other.label = 1
    let expected = outputs([a, b], most: 4)
    let aligned = try #require(DetectionAlignment(of: outputs([other, moved, c], most: 4), to: expected))
    #expect(aligned.agreement.expected == 2 && aligned.agreement.actual == 3)
    #expect(aligned.agreement.matched == 1)
    #expect(abs(aligned.agreement.leastOverlap - 0.9) < 1e-9)
    #expect(abs(aligned.agreement.largestScoreDifference - 0.2) < 1e-6)
    // Every row is still there once: the difference shows.
    #expect(
      aligned.tensors["scores"]?.doubles().sorted()
        == outputs([other, moved, c], most: 4)["scores"]?.doubles().sorted())
    let classes = try #require(aligned.tensors["classes"])
    #expect(!Comparison("classes", actual: classes, expected: expected["classes"] ?? classes).isWithin)
  }

  @Test func otherOutputsAreNoDetections() {
    let logits = ["logits": Tensor([1, 2] as [Float], shape: [1, 2])]
    #expect(DetectionAlignment(of: logits, to: logits) == nil)
    var odd = outputs([a], most: 3)
    odd["boxes"] = Tensor([0, 1] as [Float], shape: [2])
    #expect(DetectionAlignment(of: odd, to: odd) == nil)
  }

  @Test func setsOfOtherSizesAgreeInPart() throws {
    let flat = { (rows: [String: Tensor], count: Int) -> [String: Tensor] in
      [
        "boxes": Tensor(
          rows["boxes"]?.doubles().prefix(4 * count).map { Float($0) } ?? [], shape: [count, 4]),
        "scores": Tensor(rows["scores"]?.doubles().prefix(count).map { Float($0) } ?? [], shape: [count]),
        "labels": Tensor(integers: rows["classes"]?.integers().prefix(count).map { $0 } ?? [], .i64, [count]),
      ]
    }
    let all = outputs([a, b, c], most: 3)
    let aligned = try #require(DetectionAlignment(of: flat(all, 2), to: flat(all, 3)))
    #expect(aligned.agreement.matched == 2 && aligned.agreement.expected == 3)
    #expect(aligned.tensors["scores"]?.shape == [2])
  }
}
