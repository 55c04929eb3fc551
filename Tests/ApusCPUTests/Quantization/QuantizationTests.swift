import ApusCore
import ApusOperators
import ApusTestSupport
import Testing

@Suite struct QuantizationTests {
  private func scales(_ shape: [Int]) -> NodeCase.Input {
    var generator = Xoshiro256(seed: 21)
    let steps = (0..<shape.elementCount).map { _ in Float(generator.integer(in: 100...3000)) / 40000 }
    return .constant(Tensor(steps, shape: shape))
  }

  private func integers(_ dtype: DType, _ shape: [Int], _ range: ClosedRange<Int64>, seed: UInt64 = 4)
    -> NodeCase.Input
  {
    var generator = Xoshiro256(seed: seed)
    return .constant(
      Tensor(integers: (0..<shape.elementCount).map { _ in generator.integer(in: range) }, dtype, shape))
  }

  private func linear<T: Operator>(_ op: T, _ change: (inout T) -> Void) -> T {
    var op = op
    change(&op)
    return op
  }

  @Test(arguments: [DType.i8, .u8, .i16, .u16]) func narrowed(_ dtype: DType) throws {
    let zeros = { (shape: [Int]) in integers(dtype, shape, 0...100) }
    let odd = Tensor([.nan, .infinity, -.infinity, 0.5, 1.5, 2.5, -0.5, 1e30, -1e30] as [Float])
    try check(
      [
        NodeCase(QuantizeLinear(), [.fed(.f32, [nil, 5000]), scales([]), zeros([])]),
        NodeCase(QuantizeLinear(), [.fed(.f32, [nil, 7, 9, 3]), scales([7]), zeros([7])]),
        NodeCase(
          linear(QuantizeLinear()) { $0.axis = -1 }, [.fed(.f32, [nil, 7, 33]), scales([33]), zeros([33])]),
        NodeCase(
          linear(QuantizeLinear()) { ($0.axis, $0.blockSize) = (1, 4) },
          [.fed(.f32, [2, 10, 5]), scales([2, 3, 5]), zeros([2, 3, 5])]),
        NodeCase(
          linear(QuantizeLinear()) { $0.dtype = dtype },
          [.constant(odd), .constant(Tensor(scalar: Float(1)))]),
        NodeCase(QuantizeLinear(), [.fed(.f32, [nil, 0]), scales([]), zeros([])]),
      ], runs: ["cpu.quantize/rowMajor"])
  }

  @Test(arguments: [DType.i8, .u8, .i16, .u16, .i32]) func widened(_ dtype: DType) throws {
    let numbers = { (shape: [Int]) in
      integers(dtype, shape, dtype == .i32 ? -90_000_000...90_000_000 : 0...120)
    }
    let zeros = { (shape: [Int]) in integers(dtype, shape, 0...100, seed: 9) }
    try check(
      [
        NodeCase(DequantizeLinear(), [.fed(dtype, [nil, 5000]), scales([])]),
        NodeCase(DequantizeLinear(), [numbers([3, 7, 9, 3]), scales([7]), zeros([7])]),
        NodeCase(
          linear(DequantizeLinear()) { $0.axis = 2 }, [numbers([4, 7, 33]), scales([33]), zeros([33])]),
        NodeCase(
          linear(DequantizeLinear()) { ($0.axis, $0.blockSize) = (1, 3) },
          [numbers([2, 10, 5]), scales([2, 4, 5]), zeros([2, 4, 5])]),
      ], runs: ["cpu.quantize/rowMajor"])
  }

  @Test func rangesTellTheScale() throws {
    try check(
      [
        NodeCase(DynamicQuantizeLinear(), [.fed(.f32, [nil, 20000])], outputs: 3),
        NodeCase(DynamicQuantizeLinear(), [.constant(Tensor([3, 1, 2] as [Float]))], outputs: 3),
        NodeCase(DynamicQuantizeLinear(), [.constant(Tensor([0, 0] as [Float]))], outputs: 3),
        NodeCase(DynamicQuantizeLinear(), [.fed(.f32, [nil, 0])], outputs: 3),
      ], runs: ["cpu.quantize.dynamic/rowMajor"])
  }

  @Test func products() throws {
    let bytes = { (dtype: DType, shape: [Int]) in
      integers(dtype, shape, dtype == .i8 ? -128...127 : 0...255, seed: 77)
    }
    let single = { (dtype: DType) in integers(dtype, [], 3...30) }
    try check(
      [
        NodeCase(MatMulInteger(), [.fed(.u8, [nil, 70]), bytes(.i8, [70, 67]), single(.u8), single(.i8)]),
        NodeCase(MatMulInteger(), [bytes(.i8, [5, 33]), bytes(.u8, [33, 3])]),
        NodeCase(
          MatMulInteger(),
          [
            bytes(.u8, [5, 9]), bytes(.u8, [9, 6]), integers(.u8, [5], 0...200), integers(.u8, [6], 0...200),
          ]),
        NodeCase(MatMulInteger(), [.fed(.u8, [nil, 4, 9]), bytes(.u8, [9, 6]), single(.u8)]),
        NodeCase(MatMulInteger(), [.fed(.u8, [nil, 4, 9]), .fed(.u8, [nil, 9, 5]), .absent, single(.u8)]),
        NodeCase(MatMulInteger(), [.fed(.u8, [4, 9]), .fed(.u8, [nil, 9, 5])]),
        NodeCase(MatMulInteger(), [.fed(.u8, [nil, 0]), .fed(.u8, [0, 5])]),
        NodeCase(
          QLinearMatMul(),
          [
            .fed(.u8, [nil, 3, 40]), scales([]), single(.u8), bytes(.i8, [40, 9]), scales([]), single(.i8),
            .constant(Tensor(scalar: Float(1.7))), single(.u8),
          ]),
      ], runs: ["cpu.matmul.integer/rowMajor"])
  }

  @Test func convolutions() throws {
    let bytes = { (dtype: DType, shape: [Int]) in
      integers(dtype, shape, dtype == .i8 ? -128...127 : 0...255, seed: 78)
    }
    let single = { (dtype: DType) in integers(dtype, [], 3...30) }
    let strided = linear(ConvInteger()) {
      ($0.strides, $0.pads, $0.dilations) = ([2, 1], [1, 2, 0, 3], [1, 2])
    }
    let grouped = linear(QLinearConv()) { ($0.group, $0.pads) = (2, [1, 1, 1, 1]) }
    try check(
      [
        NodeCase(ConvInteger(), [.fed(.u8, [nil, 3, 9, 7]), bytes(.i8, [5, 3, 3, 3]), single(.u8)]),
        NodeCase(
          strided,
          [.fed(.u8, [nil, 3, 9, 8]), bytes(.u8, [70, 3, 3, 2]), single(.u8), integers(.u8, [70], 0...9)]),
        NodeCase(ConvInteger(), [bytes(.i8, [2, 4, 11]), bytes(.i8, [3, 4, 5]), single(.i8), single(.i8)]),
        NodeCase(ConvInteger(), [bytes(.u8, [1, 2, 4, 5, 6]), bytes(.u8, [3, 2, 2, 3, 2])]),
        NodeCase(
          grouped,
          [
            .fed(.u8, [nil, 4, 6, 5]), scales([]), single(.u8), bytes(.i8, [6, 2, 3, 3]), scales([6]),
            integers(.i8, [6], -3...3), .constant(Tensor(scalar: Float(0.9))), single(.u8),
            integers(.i32, [6], -500...500),
          ]),
        NodeCase(
          QLinearConv(),
          [
            bytes(.u8, [1, 4, 6, 5]), scales([]), single(.u8), bytes(.u8, [6, 4, 1, 1]), scales([]),
            single(.u8), .constant(Tensor(scalar: Float(1.3))), single(.i8),
          ]),
      ], runs: ["cpu.conv.integer/rowMajor"])
  }
}
