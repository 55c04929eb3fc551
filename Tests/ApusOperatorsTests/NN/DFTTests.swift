import ApusCore
import ApusOperators
import Testing

@Suite struct DFTTests {
  @Test(arguments: [7, 8])
  func inverseBringsTheSignalBack(length: Int) throws {
    let x = randomTensor([2, length, 1], seed: 1)
    var back = DFT()
    back.inverse = true
    let spectrum = try #require(try DFT().evaluate(Operands([x]))[0].tensor)
    #expect(spectrum.shape == [2, length, 2])
    var half = DFT()
    half.oneSided = true
    let kept = try #require(try half.evaluate(Operands([x]))[0].tensor)
    #expect(kept.shape == [2, length / 2 + 1, 2])
    back.oneSided = true
    let again = try #require(
      try back.evaluate(Operands([kept, Tensor(scalar: Int64(length)), nil]))[0].tensor)
    #expect(again.shape == x.shape && close(again.doubles(), x.doubles()))
  }

  @Test func stftOfOneFrameIsTheDFT() throws {
    let x = randomTensor([1, 8, 1], seed: 2)
    let frames = try #require(
      try STFT().evaluate(Operands([x, Tensor(scalar: Int64(3)), nil, Tensor(scalar: Int64(8))]))[0].tensor)
    var half = DFT()
    half.oneSided = true
    let spectrum = try #require(try half.evaluate(Operands([x]))[0].tensor)
    #expect(frames.shape == [1, 1, 5, 2] && close(frames.doubles(), spectrum.doubles()))
  }

  @Test func refusesTheAxisOfTheNumbers() {
    var dft = DFT()
    dft.axis = -1
    #expect(throws: OperatorError.self) { try inferred(dft, TensorType(.f32, [2, 8, 1])) }
  }
}
