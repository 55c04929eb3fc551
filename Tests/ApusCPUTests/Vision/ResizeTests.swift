import ApusCore
import ApusOperators
import ApusTestSupport
import Testing

@Suite struct ResizeTests {
  private func resize(_ mode: Resize.Mode, _ coordinates: Resize.Coordinates, antialias: Bool = false)
    -> Resize
  {
    var op = Resize()
    (op.mode, op.coordinates, op.antialias) = (mode, coordinates, antialias)
    return op
  }

  @Test func modes() throws {
    let scales = NodeCase.Input.constant(Tensor([1, 1, 2, 1.5] as [Float]))
    let sizes = NodeCase.Input.constant(Tensor([1, 19, 5, 13] as [Int64]))
    let cases = [
      resize(.nearest, .asymmetric), resize(.nearest, .halfPixel), resize(.linear, .halfPixel),
      resize(.linear, .alignCorners), resize(.cubic, .pytorchHalfPixel),
      resize(.linear, .halfPixel, antialias: true),
    ]
    for op in cases {
      try check(
        [
          NodeCase(op, [.fed(.f32, [nil, 19, 6, 8]), .absent, scales]),
          NodeCase(op, [.fed(.f32, [1, 19, 9, 8]), .absent, .absent, sizes], batches: [1]),
        ], runs: ["cpu.resize.nhwc/channelsLast"])
    }
  }

  /// A scale beside 1 interpolates along axes whose size it leaves: the reference's work.
  @Test func channelsThatOnlySeemToStay() throws {
    var kept = resize(.linear, .halfPixel)
    kept.aspectRatio = .notLarger
    let sizes = NodeCase.Input.constant(Tensor([1, 1, 3, 4] as [Int64]))
    let scales = NodeCase.Input.constant(Tensor([1, 1.4, 0.5, 0.5] as [Float]))
    try check(
      [
        NodeCase(kept, [.fed(.f32, [1, 1, 4, 4]), .absent, .absent, sizes], batches: [1]),
        NodeCase(resize(.linear, .halfPixel), [.fed(.f32, [nil, 2, 4, 4]), .absent, scales]),
      ], runs: [])
  }
}
