import ApusCore
import ApusOperators
import Testing

@Suite struct ConvTests {
  @Test func keepsSymbolsInShapes() throws {
    var conv = Conv()
    conv.strides = [2, 2]
    conv.pads = [1, 1, 1, 1]
    let types = try inferred(
      conv, TensorType(.f32, [.symbol("n"), 3, .symbol("h"), 224]), TensorType(.f32, [8, 3, 3, 3]))
    #expect(
      types[0].description == "f32[n,8,floordiv(h+1, 2),112]"
        || types[0].description == "f32[n,8,floordiv(h-1, 2)+1,112]")
  }

  @Test func refusesWrongChannels() {
    #expect(throws: OperatorError.self) {
      try inferred(Conv(), TensorType(.f32, [1, 4, 8, 8]), TensorType(.f32, [8, 3, 3, 3]))
    }
  }

  @Test(arguments: [AutoPad.notSet, .valid, .sameUpper, .sameLower], [1, 2, 3])
  func wholeResultAgreesWithSampledPlaces(padding: AutoPad, stride: Int) throws {
    var conv = Conv()
    conv.strides = [stride, 1]
    conv.dilations = [1, 2]
    conv.pads = [1, 0, 2, 3]
    conv.autoPad = padding
    conv.group = 2
    conv.activation = .relu
    let x = randomTensor([2, 4, 9, 7], seed: 1)
    let (w, bias) = (randomTensor([6, 2, 3, 2], seed: 2), randomTensor([6], seed: 3))
    let shape = try conv.evaluate(Operands([x, w, bias]))[0].tensor?.shape ?? []
    let operands = Operands([x, w, bias, randomTensor(shape, seed: 4)])
    let whole = try #require(try conv.evaluate(operands)[0].tensor)
    let sampled = try conv.evaluate(at: allPositions(shape), of: 0, operands)
    #expect(close(whole.doubles(), sampled))
    #expect(whole.doubles().contains { $0 > 0 })
  }

  @Test func worksOnLinesAndVolumes() throws {
    let line = try Conv().evaluate(
      Operands([
        Tensor([1, 2, 3, 4] as [Float], shape: [1, 1, 4]), Tensor([1, -1] as [Float], shape: [1, 1, 2]),
      ]))
    #expect(line[0].tensor?.elements() == [-1, -1, -1] as [Float])
    let operands = Operands([
      randomTensor([1, 2, 4, 3, 5], seed: 5), randomTensor([3, 2, 2, 2, 3], seed: 6),
    ])
    let volume = try #require(try Conv().evaluate(operands)[0].tensor)
    #expect(volume.shape == [1, 3, 3, 2, 3])
    #expect(close(volume.doubles(), try Conv().evaluate(at: allPositions(volume.shape), of: 0, operands)))
  }
}
