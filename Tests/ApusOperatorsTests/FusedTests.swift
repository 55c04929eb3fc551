import ApusCore
import ApusOperators
import Testing

/// Fused operators against the operators that they stand for.
@Suite struct FusedTests {
  @Test func squeezeExcitationIsPoolingAndTwoProducts() throws {
    var generator = Xoshiro256(seed: 9)
    func random(_ shape: [Int]) -> Tensor { Tensor.random(.f32, shape, using: &generator) }
    let (x, depthwise) = (random([2, 6, 5, 3]), random([6, 1, 3, 3]))
    let (reduce, b1, expand, b2) = (random([4, 6, 1, 1]), random([4]), random([6, 4, 1, 1]), random([6]))
    var (conv, first, second) = (Conv(), Conv(), Conv())
    (conv.group, first.activation, second.activation) = (6, Activation(.silu), Activation(.sigmoid))
    func run(_ op: any Operator, _ tensors: Tensor?...) throws -> [Tensor] {
      try op.evaluate(Operands(tensors, outputCount: 2)).compactMap(\.tensor)
    }
    let y = try run(conv, x, depthwise)[0]
    let mean = try run(GlobalAveragePool(), y)[0]
    let gate = try run(second, try run(first, mean, reduce, b1)[0], expand, b2)[0]
    let layer = SqueezeExcitation(inner: first.activation, outer: second.activation)
    let direct = try run(layer, y, reduce, b1, expand, b2)[0]
    let both = try run(
      ConvSqueezeExcitation(conv: conv, layer: layer), x, depthwise, nil, nil, reduce, b1, expand, b2)
    #expect(both[0] == y)
    for (a, b) in zip(direct.doubles(), gate.doubles()) { #expect(abs(a - b) < 1e-6) }
    #expect(both[1] == direct && direct.shape == gate.shape)
    let weights = random([3, 6, 1, 1])
    let expected = try run(Conv(), try run(Mul(), y, direct)[0], weights)[0]
    #expect(try run(GatedConv(), y, weights, nil, nil, direct)[0] == expected)
  }

  @Test func aPyramidIsItsLevels() throws {
    var generator = Xoshiro256(seed: 12)
    func random(_ shape: [Int]) -> Tensor { Tensor.random(.f32, shape, using: &generator) }
    var conv = Conv()
    (conv.pads, conv.activation) = ([1, 1, 1, 1], Activation(.relu))
    let (weight, bias) = (random([5, 3, 3, 3]), random([5]))
    let levels = [(height: 4, width: 3), (height: 2, width: 5), (height: 1, width: 1)]
    let pictures = levels.map { random([2, 3, $0.height, $0.width]) }
    let op = PyramidConv(conv: conv, levels: levels)
    let pixels = { (tensors: [Tensor]) throws -> Tensor in
      let rows = try tensors.map { tensor -> Tensor? in
        let moved = try Transpose([0, 2, 3, 1]).evaluate(Operands([tensor]))[0].tensor
        let (images, channels) = (tensor.shape[0], tensor.shape[1])
        let target = Tensor([Int64(images), -1, Int64(channels)])
        return try Reshape().evaluate(Operands([moved, target]))[0].tensor
      }
      return try #require(try Concat(axis: 1).evaluate(Operands(rows))[0].tensor)
    }
    let x = try pixels(pictures)
    let result = try #require(try op.evaluate(Operands([x, weight, bias]))[0].tensor)
    let expected = try pixels(
      pictures.map { try #require(try conv.evaluate(Operands([$0, weight, bias]))[0].tensor) })
    #expect(result == expected)
    let positions = [[0, 0, 0], [1, 11, 4], [0, 12, 2], [1, 21, 1], [1, 22, 3]]
    let sampled = try op.evaluate(at: positions, of: 0, Operands([x, weight, bias]))
    for (position, value) in zip(positions, sampled) {
      let index = (position[0] * 23 + position[1]) * 5 + position[2]
      #expect(abs(value - expected.doubles()[index]) < 1e-5)
    }
  }

  @Test func aPyramidThatDoesNotFitIsRefused() {
    let x = ValueType.tensor(.f32, [2, 10, 3])
    for (weight, levels) in [
      ([5, 3, 3, 3] as Shape, [(height: 2, width: 5)]), ([5, 3, 1, 1], [(height: 3, width: 3)]),
      ([5, 4, 1, 1], [(height: 2, width: 5)]), ([5, 3, 1, 1], []),
    ] {
      let context = InferenceContext(inputs: [x, .tensor(.f32, weight)])
      #expect(throws: OperatorError.self) { try PyramidConv(conv: Conv(), levels: levels).infer(context) }
    }
  }

  @Test func packedAttentionIsSplitAndAttention() throws {
    var generator = Xoshiro256(seed: 4)
    let packed = Tensor.random(.f32, [2, 5, 18], using: &generator)
    let mask = Tensor.random(.f32, [2, 1, 5, 5], using: &generator)
    let attention = ScaledDotProductAttention(scale: 0.7, heads: 2)
    let op = PackedAttention(attention)
    let parts = try Split(axis: 2).evaluate(Operands([packed], outputCount: 3)).map(\.tensor)
    for mask in [nil, mask] {
      let expected = try attention.evaluate(Operands(parts + [mask])).first?.tensor
      #expect(try op.evaluate(Operands([packed, mask])).first?.tensor == expected)
      let some = try op.evaluate(at: [[1, 4, 5], [0, 2, 3]], of: 0, Operands([packed, mask]))
      let all = try #require(expected).doubles()
      for (a, b) in zip(some, [all[59], all[15]]) { #expect(abs(a - b) < 1e-6) }
    }
    let types = try op.infer(
      InferenceContext(inputs: [.tensor(.f16, [.symbol("b"), 5, 18]), .tensor(.bool, [5])]))
    #expect(types == [.tensor(.f16, [.symbol("b"), 5, 6])])
  }

  @Test func packedFeaturesMustDivide() {
    let refused: [(PackedAttention, Shape)] = [
      (PackedAttention(ScaledDotProductAttention(scale: 1, heads: 2)), [2, 5, 15]),
      (PackedAttention(), [2, 5, 18]),
      (PackedAttention(ScaledDotProductAttention(scale: 1, heads: 2)), [2, 5, 3, 6]),
    ]
    for (op, shape) in refused {
      #expect(throws: OperatorError.self) {
        try op.infer(InferenceContext(inputs: [.tensor(.f32, shape)]))
      }
    }
  }

  @Test func gatesThatDoNotFitAreRefused() {
    let x = ValueType.tensor(.f32, [2, 6, 5, 3])
    let w = ValueType.tensor(.f32, [3, 6, 1, 1])
    for gate in [
      ValueType.tensor(.f32, [2, 6, 5, 1]), .tensor(.bf16, [2, 6, 1, 1]), .tensor(.f32, [2, 5, 1, 1]),
    ] {
      #expect(throws: OperatorError.self) {
        try GatedConv().infer(InferenceContext(inputs: [x, w, nil, nil, gate]))
      }
    }
    #expect(throws: OperatorError.self) {
      try SqueezeExcitation().infer(
        InferenceContext(inputs: [x, .tensor(.f32, [4, 6, 1, 1]), nil, .tensor(.f32, [6, 5, 1, 1]), nil]))
    }
  }
}
