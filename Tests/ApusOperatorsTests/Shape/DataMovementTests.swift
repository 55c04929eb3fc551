import ApusCore
import ApusOperators
import Testing

/// Operators that move elements, on every kind of storage.
@Suite struct DataMovementTests {
  @Test(arguments: DType.allCases.filter { $0 != .string && $0 != .f8e8m0 })
  func transposesEveryType(_ dtype: DType) throws {
    let x = Tensor(integers: [0, 1, 1, 0, 1, 0].map { Int64($0) }, dtype, [2, 3])
    let y = try Transpose([1, 0]).evaluate(Operands([x]))[0].tensor
    #expect(y?.shape == [3, 2])
    #expect(y?.dtype == dtype)
    #expect(y?.complex().map(\.real) == [0, 0, 1, 1, 1, 0])
  }

  @Test func movesStrings() throws {
    let x = Tensor(strings: ["a", "b"], shape: [2])
    let y = try Concat(axis: 0).evaluate(Operands([x, x]))[0].tensor
    #expect(y?.strings == ["a", "b", "a", "b"])
  }

  @Test func padsByEveryMode() throws {
    let x = Tensor([1, 2, 3] as [Int64])
    func padded(_ mode: Pad.Mode, _ before: Int64, _ after: Int64) throws -> [Int64]? {
      try Pad(mode: mode).evaluate(Operands([x, Tensor([before, after])]))[0].tensor?.elements()
    }
    #expect(try padded(.constant, 1, 2) == [0, 1, 2, 3, 0, 0])
    #expect(try padded(.edge, 2, 1) == [1, 1, 1, 2, 3, 3])
    #expect(try padded(.reflect, 3, 3) == [2, 3, 2, 1, 2, 3, 2, 1, 2])
    #expect(try padded(.wrap, 1, 4) == [3, 1, 2, 3, 1, 2, 3, 1])
    #expect(try padded(.constant, -1, -1) == [2])
  }

  @Test func splitsUnevenly() throws {
    let x = Tensor([0, 1, 2, 3, 4] as [Int64])
    let parts = try Split(axis: 0, partCount: 2).evaluate(Operands([x], outputCount: 2))
    #expect(parts.map { $0.tensor?.shape } == [[3], [2]])
    #expect(throws: OperatorError.self) {
      try Split(axis: 0).evaluate(Operands([x, Tensor([9, 9] as [Int64])], outputCount: 2))
    }
  }

  @Test func carriesShapeArithmeticThrough() throws {
    let n = Dim.symbol("n")
    let shape = Contents(.i64, [3], dims: [n, 4, 5])
    let types: [ValueType?] = [.tensor(.i64, [3]), .tensor(.i64, [1])]
    let gather = InferenceContext(inputs: types, contents: [shape, Contents(.i64, [1], dims: [0])])
    #expect(Gather(axis: 0).propagate(gather) == [Contents(.i64, [1], dims: [n])])
    let concat = InferenceContext(inputs: types, contents: [shape, Contents(.i64, [1], dims: [-1])])
    #expect(Concat(axis: 0).propagate(concat) == [Contents(.i64, [4], dims: [n, 4, 5, -1])])
    let squeeze = InferenceContext(inputs: [types[1]], contents: [Contents(.i64, [1], dims: [n])])
    #expect(Squeeze().propagate(squeeze) == [Contents(.i64, [], dims: [n])])
  }

  /// No operator may trap on types that do not fit.
  @Test func refusesOrAcceptsAnyTypesWithoutTrapping() {
    let shapes: [Shape?] = [
      nil, [], [0], [1], [-1], [2, 3], [.symbol("n"), 0], [1, 2, 3, 4], [Dim(Int.max), 2],
    ]
    for type in OperatorCatalogue.standard.all {
      for a in shapes {
        for b in shapes {
          for count in 0...3 {
            let types = [ValueType?.some(.tensor(.f32, a)), .tensor(.i64, b), .tensor(.f32, b)]
            let context = InferenceContext(
              inputs: Array(types.prefix(count)),
              contents: [nil, Contents(.i64, [2], dims: [-3, .symbol("k")])], outputCount: count)
            _ = try? type.init().infer(context)
            _ = type.init().propagate(context)
          }
        }
      }
    }
  }
}
