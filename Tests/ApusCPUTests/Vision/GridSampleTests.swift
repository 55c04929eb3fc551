import ApusCore
import ApusOperators
import ApusTestSupport
import Testing

@Suite struct GridSampleTests {
  @Test(
    arguments: [GridSample.Mode.nearest, .linear, .cubic], [GridSample.Padding.zeros, .border, .reflection])
  func samplesMatchTheReference(_ mode: GridSample.Mode, _ padding: GridSample.Padding) throws {
    for alignCorners in [true, false] {
      var op = GridSample()
      (op.mode, op.padding, op.alignCorners) = (mode, padding, alignCorners)
      try check(
        [
          NodeCase(op, [.fed(.f32, [nil, 3, 9, 7]), .fed(.f32, [nil, 11, 5, 2])], tolerance: 1e-4),
          NodeCase(op, [.fed(.f32, [nil, 2, 13]), .fed(.f32, [nil, 40, 1])], tolerance: 1e-4),
          NodeCase(op, [.fed(.f32, [nil, 2, 4, 3, 5]), .fed(.f32, [nil, 2, 3, 7, 3])], tolerance: 1e-4),
          NodeCase(op, [.fed(.f32, [nil, 2, 1, 1]), .fed(.f32, [nil, 4, 4, 2])], tolerance: 1e-4),
          NodeCase(
            op,
            [
              .fed(.f32, [1, 2, 5, 5]),
              .constant(Tensor([.nan, 0, .infinity, 9] as [Float], shape: [1, 1, 2, 2])),
            ]),
        ], runs: ["cpu.gridsample/rowMajor"])
    }
  }
}
