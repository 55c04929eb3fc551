import ApusCore
import ApusOperators
import Testing

@Suite struct ResizeTests {
  @Test func infersSymbolicSizes() throws {
    let shape: Shape = [.symbol("n"), 3, .symbol("h"), 7]
    func inferred(_ scales: [Float]) throws -> Shape? {
      let context = InferenceContext(
        inputs: [.tensor(.f32, shape), nil, .tensor(.f32, [4])], constants: [nil, nil, Tensor(scales)])
      return try Resize().infer(context)[0].tensor?.shape
    }
    #expect(try inferred([1, 1, 2, 0.5]) == [.symbol("n"), 3, .symbol("h") * 2, 3])
    #expect(throws: OperatorError.self) { try inferred([1, 1]) }
  }

  @Test func interpolatesAndRoundsIntegers() throws {
    var resize = Resize()
    resize.mode = .linear
    let sizes = Tensor([4] as [Int64])
    let x = Tensor([0, 255] as [UInt8])
    let y = try resize.evaluate(Operands([x, nil, nil, sizes]))[0].tensor
    #expect(y?.elements() == [0, 64, 191, 255] as [UInt8])
    resize.mode = .nearest
    let z = try resize.evaluate(Operands([x, nil, nil, sizes]))[0].tensor
    #expect(z?.elements() == [0, 0, 255, 255] as [UInt8])
  }

  @Test func refusesScalesThatAreNotPositive() {
    #expect(throws: OperatorError.self) {
      try Resize().evaluate(Operands([Tensor([1] as [Float]), nil, Tensor([-1] as [Float])]))
    }
  }
}
