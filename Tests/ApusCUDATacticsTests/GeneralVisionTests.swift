import ApusCore
import ApusOperators
import ApusTestSupport
import Testing

@Suite(.enabled(if: EmulatedImages.isAvailable, "no C++ compiler"))
struct GeneralVisionTests {
  private func constant(_ dtype: DType, _ values: Double...) -> NodeCase.Input {
    .constant(Tensor(doubles: values, dtype, [values.count]))
  }

  @Test func resizes() throws {
    var cubic = Resize()
    (cubic.mode, cubic.excludeOutside) = (.cubic, true)
    var small = Resize()
    (small.mode, small.antialias, small.axes) = (.linear, true, [1, 3])
    var nearest = Resize()
    (nearest.coordinates, nearest.nearest) = (.tfCropAndResize, .ceil)
    nearest.extrapolationValue = 7
    var whole = Resize()
    whole.mode = .linear
    try checkEmulated(
      "cuda.resize.general",
      [
        NodeCase(cubic, [.fed(.f32, [nil, 3, 5, 7]), .absent, constant(.f32, 1, 1, 1.7, 0.6)]),
        NodeCase(small, [.fed(.f32, [nil, 8, 5, 9]), .absent, .absent, constant(.i64, 5, 4)]),
        NodeCase(
          nearest,
          [.fed(.i64, [nil, 6]), constant(.f32, 0, -0.2, 1, 1.3), .absent, constant(.i64, 2, 9)], batches: [2]
        ),
        // What lies in the middle of two bytes may be rounded either way.
        NodeCase(whole, [.fed(.u8, [nil, 4, 6]), .absent, constant(.f32, 1, 1.5, 2)], tolerance: 1.0 / 200),
        NodeCase(whole, [.fed(.f64, [nil, 4, 6]), .absent, constant(.f32, 1, 1.5, 2)]),
      ])
  }

  @Test func gridSamples() throws {
    var cases: [NodeCase] = []
    for mode in [GridSample.Mode.linear, .nearest, .cubic] {
      for padding in [GridSample.Padding.zeros, .border, .reflection] {
        var op = GridSample()
        (op.mode, op.padding, op.alignCorners) = (mode, padding, padding == .border)
        cases.append(NodeCase(op, [.fed(.f32, [nil, 3, 5, 6]), .fed(.f32, [nil, 4, 7, 2])], batches: [2]))
      }
    }
    cases.append(NodeCase(GridSample(), [.fed(.f64, [nil, 2, 3, 4, 5]), .fed(.f64, [nil, 2, 2, 3, 3])]))
    try checkEmulated("cuda.grid-sample", cases)
  }

  @Test func quantization() throws {
    var cases: [NodeCase] = []
    let zeros: [(DType, Double)] = [
      (.u8, 120), (.i8, -3), (.u16, 999), (.i16, 5), (.u4, 7), (.i4, 1), (.i2, 0),
    ]
    for (dtype, zero) in zeros {
      cases.append(
        NodeCase(QuantizeLinear(), [.fed(.f32, [nil, 37]), constant(.f32, 0.01), constant(dtype, zero)]))
    }
    for dtype in [DType.f8e4m3fn, .f8e4m3fnuz, .f8e5m2, .f8e5m2fnuz, .f4e2m1] {
      cases.append(
        NodeCase(QuantizeLinear(), [.fed(.f16, [nil, 37]), constant(.f16, 0.01), constant(dtype, 0)]))
      cases.append(
        NodeCase(DequantizeLinear(), [.fed(dtype, [nil, 6]), constant(.f32, 0.01), constant(dtype, 0)]))
    }
    var blocked = QuantizeLinear()
    (blocked.axis, blocked.blockSize, blocked.dtype) = (1, 4, .i8)
    cases.append(
      NodeCase(
        blocked, [.fed(.f32, [3, 7, 5]), .random(.f32, [3, 2, 5], scale: 0.02)], batches: [1]))
    var axis = DequantizeLinear()
    axis.axis = 1
    cases.append(
      NodeCase(
        axis, [.fed(.i32, [nil, 3, 5]), constant(.f32, 0.5, 2, 3), constant(.i32, 1, -2, 3)]))
    cases.append(
      NodeCase(axis, [.fed(.u4, [nil, 3, 5]), constant(.bf16, 0.5, 2, 3), constant(.u4, 1, 2, 3)]))
    try checkEmulated("cuda.quantize", cases)
    try checkEmulated(
      "cuda.dynamic-quantize", [NodeCase(DynamicQuantizeLinear(), [.fed(.f32, [nil, 1500])], outputs: 3)])
  }
}
