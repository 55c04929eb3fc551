import ApusCore
import ApusOperators
import Testing

@Suite struct QuantizeLinearTests {
  @Test func roundsToEvenAndSaturates() throws {
    let x = Tensor([-300, 2.5, 3.5, 1e9, .nan] as [Float])
    let zero = Tensor(scalar: Int8(1))
    let y = try QuantizeLinear().evaluate(Operands([x, Tensor(scalar: Float(1)), zero]))[0].tensor
    #expect(y?.dtype == .i8 && y?.integers() == [-128, 3, 5, 127, 0])
  }

  @Test func blocksShareScales() throws {
    var op = DequantizeLinear()
    (op.axis, op.blockSize) = (0, 2)
    let x = Tensor([1, 2, 3, 4, 5, 6] as [Int8], shape: [3, 2])
    let scale = Tensor([1, 10, 100, 1000] as [Float], shape: [2, 2])
    let y = try op.evaluate(Operands([x, scale]))[0].tensor
    #expect(y?.elements() == [1, 20, 3, 40, 500, 6000] as [Float])
  }

  @Test func refusesScalesThatDoNotFit() {
    let inputs: [ValueType?] = [.tensor(.f32, [2, 3]), .tensor(.f32, [4])]
    #expect(throws: OperatorError.self) { try QuantizeLinear().infer(InferenceContext(inputs: inputs)) }
  }

  @Test func quantizesForEveryNarrowType() throws {
    for dtype in [DType.u2, .i2, .u4, .i4, .u16, .f8e4m3fn, .f8e5m2fnuz, .f4e2m1] {
      var op = QuantizeLinear()
      op.dtype = dtype
      let operands = Operands([Tensor([0, 1, 0.4] as [Float]), Tensor(scalar: Float(1))])
      let y = try op.evaluate(operands)[0].tensor
      #expect(y?.dtype == dtype && y?.doubles()[1] == 1)
    }
  }
}
