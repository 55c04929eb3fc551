import ApusCore
import ApusOperators
import ApusTestSupport
import Testing

@Suite(.enabled(if: EmulatedImages.isAvailable, "no C++ compiler"))
struct GeneralSequenceTests {
  private func constant(_ dtype: DType, _ values: Double...) -> NodeCase.Input {
    .constant(Tensor(doubles: values, dtype, [values.count]))
  }

  @Test func recurrentLayers() throws {
    var lstm = LSTM()
    (lstm.hiddenSize, lstm.direction, lstm.clip) = (5, .bidirectional, 0.7)
    var coupled = LSTM()
    (coupled.hiddenSize, coupled.couplesForget, coupled.batchFirst) = (5, true, true)
    var gru = GRU()
    (gru.hiddenSize, gru.direction) = (37, .reverse)
    var linear = GRU()
    (linear.hiddenSize, linear.linearBeforeReset) = (5, true)
    linear.activations = [.init(.hardSigmoid, alpha: 0.2, beta: 0.5), .init(.softsign)]
    try checkEmulated(
      "cuda.recurrent",
      [
        NodeCase(
          lstm,
          [
            .fed(.f32, [6, nil, 3]), .random(.f32, [2, 20, 3]), .random(.f32, [2, 20, 5]),
            .random(.f32, [2, 40]),
            constant(.i32, 6, 2, 0), .random(.f32, [2, 3, 5]), .random(.f32, [2, 3, 5]),
            .random(.f32, [2, 15]),
          ], outputs: 3, batches: [3]),
        NodeCase(
          coupled, [.fed(.f64, [nil, 4, 3]), .random(.f64, [1, 20, 3]), .random(.f64, [1, 20, 5])], outputs: 3
        ),
        NodeCase(
          gru, [.fed(.f32, [4, nil, 3]), .random(.f32, [1, 111, 3]), .random(.f32, [1, 111, 37])], outputs: 2),
        NodeCase(
          linear,
          [
            .fed(.f16, [4, nil, 3]), .random(.f16, [1, 15, 3]), .random(.f16, [1, 15, 5]),
            .random(.f16, [1, 30]),
          ], outputs: 2, tolerance: 3e-3),
        NodeCase(
          RNN(), [.fed(.f32, [4, nil, 3]), .random(.f32, [1, 5, 3]), .random(.f32, [1, 5, 5])], outputs: 2),
      ])
  }

  @Test func fourierTransforms() throws {
    var half = DFT()
    (half.oneSided, half.axis) = (true, 1)
    var back = DFT()
    (back.oneSided, back.inverse, back.axis) = (true, true, 1)
    try checkEmulated(
      "cuda.fourier",
      [
        NodeCase(DFT(), [.fed(.f32, [nil, 3, 10, 2])]),
        NodeCase(half, [.fed(.f64, [nil, 9, 2, 1]), constant(.i64, 12)]),
        NodeCase(back, [.fed(.f32, [nil, 7, 2])]),
        NodeCase(STFT(), [.fed(.f32, [nil, 30, 1]), constant(.i64, 4), .random(.f32, [8])]),
      ])
  }

  @Test func selections() throws {
    let equal = NodeCase.Input.constant(
      Tensor(doubles: [3, 1, .nan, 3, -.infinity, 1, .nan, 3], .f32, [2, 4]))
    try checkEmulated(
      "cuda.top-k",
      [
        NodeCase(TopK(axis: -1), [.fed(.f32, [nil, 3, 170]), constant(.i64, 9)], outputs: 2),
        NodeCase(TopK(axis: 1, largest: false), [.fed(.u8, [nil, 300, 3]), constant(.i64, 40)], outputs: 2),
        NodeCase(TopK(axis: 0), [.fed(.u64, [70, nil]), constant(.i64, 70)], outputs: 2),
        NodeCase(TopK(axis: -1), [equal, constant(.i64, 3)], outputs: 2, batches: [1]),
        NodeCase(TopK(axis: -1, largest: false), [equal, constant(.i64, 4)], outputs: 2, batches: [1]),
      ])
  }

  @Test func sampledConvolutions() throws {
    var op = DeformConv()
    (op.pads, op.offsetGroup, op.group) = ([1, 0, 1, 1], 2, 2)
    try checkEmulated(
      "cuda.conv.deformable",
      [
        NodeCase(
          op,
          [
            .fed(.f32, [nil, 4, 5, 6]), .random(.f32, [6, 2, 3, 2]), .fed(.f32, [nil, 24, 5, 6]),
            .random(.f32, [6]),
            .fed(.f32, [nil, 12, 5, 6]),
          ])
      ])
  }

  @Test func pictures() throws {
    var columns = Col2Im()
    (columns.strides, columns.pads, columns.dilations) = ([2, 1], [1, 0, 0, 1], [1, 2])
    try checkEmulated(
      "cuda.col2im",
      [NodeCase(columns, [.fed(.f32, [nil, 12, 12]), constant(.i64, 6, 5), constant(.i64, 2, 2)])])
    for corners in [false, true] {
      try checkEmulated(
        "cuda.affine-grid",
        [
          NodeCase(
            AffineGrid(alignCorners: corners), [.fed(.f32, [2, 2, 3]), constant(.i64, 2, 3, 4, 5)],
            batches: [1]),
          NodeCase(
            AffineGrid(alignCorners: corners), [.fed(.f64, [1, 3, 4]), constant(.i64, 1, 3, 4, 1, 2)],
            batches: [1]),
        ])
    }
    var unpool = MaxUnpool()
    (unpool.kernel, unpool.strides) = ([2, 2], [2, 2])
    let places = Tensor(doubles: [5, 5, 13, 15, 2, 0], .i64, [1, 1, 2, 3])
    try checkEmulated(
      "cuda.max-unpool",
      [
        NodeCase(unpool, [.fed(.f32, [1, 1, 2, 3]), .constant(places)], batches: [1]),
        NodeCase(
          unpool, [.fed(.f16, [1, 1, 2, 3]), .constant(places), constant(.i64, 1, 1, 5, 7)], batches: [1]),
      ])
    var neighbours = LRN()
    (neighbours.size, neighbours.alpha) = (4, 0.3)
    try checkEmulated("cuda.lrn", [NodeCase(neighbours, [.fed(.f32, [nil, 7, 3, 5])])])
    try checkEmulated(
      "cuda.det", [NodeCase(Det(), [.fed(.f32, [nil, 4, 4])]), NodeCase(Det(), [.fed(.f64, [5, 5])])])
  }

  @Test func copies() throws {
    var crop = CenterCropPad()
    crop.axes = [0, 2]
    try checkEmulated(
      "cuda.copy-elements",
      [
        NodeCase(
          Tile(), [.fed(.f32, [nil, 2, 3, 5]), .constant(Tensor([1, 3, 1, 2] as [Int64], shape: [4]))]),
        NodeCase(BitCast(to: .i32), [.fed(.f32, [nil, 70])]),
        NodeCase(BitCast(to: .f16), [.fed(.u16, [nil, 7])]),
        NodeCase(crop, [.fed(.f32, [7, 5, 4]), constant(.i64, 4, 9)], batches: [1]),
        NodeCase(Dropout(), [.fed(.f32, [nil, 9])], outputs: 2),
      ])
  }
}
