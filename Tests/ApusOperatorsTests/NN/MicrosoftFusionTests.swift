import ApusCore
import ApusOperators
import Testing

/// Nodes that ONNX Runtime fuses mean what the operators that they came from mean.
@Suite struct MicrosoftFusionTests {
  private func run(
    _ opType: String, _ attributes: [String: AttributeValue] = [:], _ inputs: [Tensor?], outputs: Int = 1
  ) throws -> [Tensor] {
    var graph = Graph()
    var values: [ValueID?] = []
    for tensor in inputs {
      guard let tensor else {
        values.append(nil)
        continue
      }
      values.append(graph.addInput("", .tensor(tensor.type)))
    }
    let scope = ImportScope(graph: graph, symbols: SymbolSource())
    let importers = OperatorCatalogue.standard.all.flatMap { $0.importers }
    let found = importers.first { $0.opType == opType && $0.domain == "com.microsoft" }
    let importer = try #require(found)
    let node = SourceNode(
      name: "node", opType: opType, domain: "com.microsoft", attributes: attributes, inputs: values,
      outputs: (0..<outputs).map { $0 == 0 || $0 == outputs - 1 ? "y\($0)" : "" })
    let results = try importer.build(node, scope).compactMap { $0 }
    graph = scope.graph
    graph.setOutputs(results)
    return try GraphInterpreter(graph).run(inputs.compactMap { $0.map(Value.tensor) }).compactMap(\.tensor)
  }

  @Test func skipLayerNormalizationAddsFirst() throws {
    let (x, skip) = (randomTensor([2, 3, 4], seed: 1), randomTensor([2, 3, 4], seed: 2))
    let (scale, shift, bias) = (
      randomTensor([4], seed: 3), randomTensor([4], seed: 4), randomTensor([4], seed: 5)
    )
    let results = try run(
      "SkipLayerNormalization", ["epsilon": .float(1e-6)], [x, skip, scale, shift, bias], outputs: 4)
    let added = try Add().evaluate(Operands([x, skip]))[0].tensor
    let sum = try #require(try Add().evaluate(Operands([added, bias]))[0].tensor)
    let expected = try LayerNormalization(axis: -1, epsilon: 1e-6).evaluate(
      Operands([sum, scale, shift]))[0].tensor
    #expect(results.count == 2)
    #expect(close(results[0].doubles(), expected?.doubles() ?? []))
    #expect(close(results[1].doubles(), sum.doubles()))
  }

  @Test func simplifiedOneKeepsNoMean() throws {
    let (x, skip, scale) = (
      randomTensor([3, 4], seed: 1), randomTensor([3, 4], seed: 2), randomTensor([4], seed: 3)
    )
    let results = try run("SkipSimplifiedLayerNormalization", [:], [x, skip, scale], outputs: 4)
    let sum = try #require(try Add().evaluate(Operands([x, skip]))[0].tensor)
    let expected = try RMSNormalization(axis: -1, epsilon: 1e-12).evaluate(Operands([sum, scale]))[0].tensor
    #expect(close(results[0].doubles(), expected?.doubles() ?? []))
    #expect(results.last == sum)
  }

  @Test func fusedMatMulTransposesAndScales() throws {
    let (a, b) = (randomTensor([2, 4, 3], seed: 1), randomTensor([2, 4, 5], seed: 2))
    let result = try run("FusedMatMul", ["transA": .int(1), "alpha": .float(0.5)], [a, b])[0]
    let transposed = try Transpose([0, 2, 1]).evaluate(Operands([a]))[0].tensor
    let product = try #require(try MatMul().evaluate(Operands([transposed, b]))[0].tensor)
    #expect(close(result.doubles(), product.doubles().map { $0 / 2 }))
  }

  @Test func biasGoesBeforeTheFunction() throws {
    let (x, bias) = (randomTensor([3, 4], seed: 1), randomTensor([4], seed: 2))
    let sum = try Add().evaluate(Operands([x, bias]))[0].tensor
    let exact = try #require(try Gelu().evaluate(Operands([sum]))[0].tensor)
    let biased = try run("BiasGelu", [:], [x, bias])[0]
    #expect(close(biased.doubles(), exact.doubles()))
    let fast = try #require(try Gelu(.tanh).evaluate(Operands([x]))[0].tensor)
    let quick = try run("FastGelu", [:], [x])[0]
    #expect(close(quick.doubles(), fast.doubles()))
  }

  @Test func fusedConvolutionActivates() throws {
    let (x, w) = (randomTensor([1, 2, 5, 5], seed: 1), randomTensor([3, 2, 3, 3], seed: 2))
    let result = try run("FusedConv", ["activation": .string("Relu")], [x, w])[0]
    let plain = try #require(try Conv().evaluate(Operands([x, w]))[0].tensor)
    #expect(close(result.doubles(), plain.doubles().map { max($0, 0) }))
  }
}
