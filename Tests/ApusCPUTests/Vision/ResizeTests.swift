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
}
