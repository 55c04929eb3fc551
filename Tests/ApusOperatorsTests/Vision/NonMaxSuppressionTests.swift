import ApusCore
import ApusOperators
import Testing

@Suite struct NonMaxSuppressionTests {
  private let boxes = Tensor(
    [0, 0, 1, 1, 0, 0.1, 1, 1.1, 0, 5, 1, 6] as [Float], shape: [1, 3, 4])
  private let scores = Tensor([0.5, 0.9, 0.5] as [Float], shape: [1, 1, 3])

  @Test func keepsTheBestOfOverlappingBoxes() throws {
    let most = Tensor([3] as [Int64])
    let rows = try NonMaxSuppression().evaluate(
      Operands([boxes, scores, most, Tensor([0.5] as [Float]), Tensor([0.1] as [Float])]))[0].tensor
    #expect(rows?.elements() == [0, 0, 1, 0, 0, 2] as [Int64])
    let none = try NonMaxSuppression().evaluate(Operands([boxes, scores]))[0].tensor
    #expect(none?.shape == [0, 3])
  }

  @Test func boundsTheNumberOfBoxes() throws {
    let symbols = SymbolSource()
    let context = InferenceContext(
      inputs: [.tensor(.f32, [1, 3, 4]), .tensor(.f32, [1, 2, 3]), .tensor(.i64, [1])],
      contents: [nil, nil, Contents(.i64, [1], dims: [2])], symbols: symbols)
    let shape = try NonMaxSuppression().infer(context)[0].tensor?.shape
    #expect(symbols.bounds[shape?[0].symbolName ?? ""] == 4)
  }
}
