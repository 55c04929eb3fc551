import ApusCore
import ApusOperators
import Testing

@Suite struct ConvTransposeTests {
  @Test(arguments: [[1, 1], [2, 3]], [AutoPad.notSet, .sameUpper, .sameLower])
  func wholeResultAgreesWithSampledPlaces(strides: [Int], padding: AutoPad) throws {
    var op = ConvTranspose()
    op.strides = strides
    op.dilations = [2, 1]
    op.pads = [1, 0, 0, 2]
    op.autoPad = padding
    op.outputPadding = [0, 1]
    op.group = 2
    let operands = Operands([
      randomTensor([2, 4, 5, 3], seed: 1), randomTensor([4, 3, 2, 3], seed: 2), randomTensor([6], seed: 3),
    ])
    let whole = try #require(try op.evaluate(operands)[0].tensor)
    let type = try inferred(op, TensorType(.f32, [2, 4, 5, 3]), TensorType(.f32, [4, 3, 2, 3]))[0]
    #expect(type == .tensor(whole.type))
    #expect(close(whole.doubles(), try op.evaluate(at: allPositions(whole.shape), of: 0, operands)))
  }

  @Test func addsTheKernelAtEveryElement() throws {
    let operands = Operands([
      Tensor([1, 2] as [Float], shape: [1, 1, 2]), Tensor([1, 10, 100] as [Float], shape: [1, 1, 3]),
    ])
    #expect(try ConvTranspose().evaluate(operands)[0].tensor?.elements() == [1, 12, 120, 200] as [Float])
  }

  @Test func refusesWrongGroups() {
    var op = ConvTranspose()
    op.group = 3
    #expect(throws: OperatorError.self) {
      try inferred(op, TensorType(.f32, [1, 4, 8, 8]), TensorType(.f32, [4, 3, 3, 3]))
    }
  }
}
