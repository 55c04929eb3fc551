import ApusCore
import ApusOperators
import ApusOptimizer
import ApusTestSupport
import Testing

/// Graphs as TensorFlow's and Keras's exporters write them: channels last, every convolution between transposes.
@Suite struct ChannelsLastTests {
  private struct Builder {
    var graph = Graph(name: "keras")
    var random = Xoshiro256(seed: 5)

    mutating func weight(_ shape: [Int]) -> ValueID {
      graph.addConstant(Tensor.random(.f32, shape, using: &random))
    }
    mutating func list(_ elements: [Int64]) -> ValueID { graph.addConstant(Tensor(elements)) }

    mutating func add(_ op: any Operator, _ inputs: ValueID...) -> ValueID {
      let node = graph.addNode(op, inputs, outputs: ["v\(graph.nodeCount)"])
      return graph[node].outputs.first.flatMap { $0 } ?? inputs[0]
    }

    mutating func swish(_ x: ValueID) -> ValueID { add(Mul(), x, add(Sigmoid(), x)) }

    /// The kernel as [outputs, inputs / group, height, width]; the bias is added outside, to the last axis.
    mutating func conv(
      _ x: ValueID, _ kernel: [Int], stride: Int = 1, group: Int = 1, spellsBiasAsReshape: Bool = false
    ) -> ValueID {
      var conv = Conv()
      conv.strides = [stride, stride]
      conv.group = group
      conv.pads = [Int](repeating: kernel[3] / 2, count: 4)
      let planes = add(Transpose([0, 3, 1, 2]), x)
      let y = add(Transpose([0, 2, 3, 1]), add(conv, planes, weight(kernel)))
      guard spellsBiasAsReshape else { return add(Add(), y, weight([kernel[0]])) }
      return add(Add(), y, add(Reshape(), weight([kernel[0]]), list([1, 1, 1, Int64(kernel[0])])))
    }

    /// Squeeze and excitation, as Keras's EfficientNet has it.
    mutating func gate(_ x: ValueID, channels: Int) -> ValueID {
      var mean = ReduceMean()
      mean.keepDims = false
      let squeezed = add(Reshape(), add(mean, x, list([1, 2])), list([-1, 1, 1, Int64(channels)]))
      let hidden = swish(conv(squeezed, [2, channels, 1, 1]))
      return add(Mul(), x, add(Sigmoid(), conv(hidden, [channels, 2, 1, 1], spellsBiasAsReshape: true)))
    }

    mutating func finish(_ outputs: ValueID...) throws -> Graph {
      graph.setOutputs(outputs)
      let problems = graph.inferTypes()
      guard problems.isEmpty else { throw ApusError(.invalidModel, problems) }
      return graph
    }
  }

  /// Names of the operators after the standard pipeline; the graph must compute the same.
  private func operators(_ graph: Graph) throws -> [String] {
    var optimized = graph
    _ = try Pipeline.standard.run(&optimized)
    #expect(try numericFault(graph, optimized, sizes: ["b": 3]) == nil)
    return (optimized.topologicalOrder() ?? []).map { optimized[$0].opName }
  }

  private func pixels(_ builder: inout Builder, _ shape: [Dim]) -> ValueID {
    builder.graph.addInput("x", .tensor(TensorType(.f32, shape)))
  }

  @Test func oneTransposeBringsTheChannelsForward() throws {
    var b = Builder()
    let x = pixels(&b, [.symbol("b"), 9, 9, 3])
    var y = b.swish(b.conv(x, [4, 3, 3, 3], stride: 2))
    for _ in 0..<2 {
      var z = b.swish(b.conv(y, [8, 4, 1, 1]))
      z = b.swish(b.conv(z, [8, 1, 3, 3], group: 8))
      y = b.add(Add(), y, b.conv(b.gate(z, channels: 8), [4, 8, 1, 1]))
    }
    var mean = ReduceMean()
    mean.keepDims = false
    let graph = try b.finish(b.add(mean, y, b.list([1, 2])))
    let names = try operators(graph)
    #expect(names.count { $0 == "Transpose" } == 1)
    #expect(names.first == "Transpose")
    #expect(!names.contains("Swish"), "an activation stands between convolutions: \(names)")
  }

  @Test func scalesPoolingAndJoinsLetTransposesPass() throws {
    var b = Builder()
    let x = pixels(&b, [.symbol("b"), 8, 8, 4])
    let scaled = b.add(Sub(), b.add(Mul(), x, b.weight([])), b.weight([4]))
    let padded = b.add(Pad(), scaled, b.list([0, 1, 1, 0, 0, 1, 1, 0]))
    var pool = MaxPool()
    pool.kernelShape = [2, 2]
    pool.strides = [2, 2]
    let y = b.conv(padded, [6, 4, 3, 3])
    let pooled = b.add(Transpose([0, 2, 3, 1]), b.add(pool, b.add(Transpose([0, 3, 1, 2]), y)))
    let joined = b.add(Concat(axis: 3), b.add(Relu(), pooled), pooled)
    let graph = try b.finish(b.conv(joined, [5, 12, 1, 1]))
    #expect(try operators(graph).count { $0 == "Transpose" } == 2)
  }

  /// `tf.strided_slice` of a shape, multiplied and put together again.
  @Test func stridedSliceArithmeticFoldsAway() throws {
    var b = Builder()
    let x = pixels(&b, [.symbol("b"), 4, 4, 3])
    let y = b.conv(x, [6, 3, 3, 3])
    let shape = b.add(Cast(to: .i32), b.add(ShapeOf(), y))
    func part(_ i: Int64) -> ValueID {
      b.add(Squeeze(), b.add(Slice(), shape, b.list([i]), b.list([i + 1]), b.list([0])), b.list([0]))
    }
    let area = b.add(Mul(), part(1), part(2))
    let parts = [part(0), area, part(3)].map { b.add(Unsqueeze(), $0, b.list([0])) }
    let target = b.add(Cast(to: .i64), b.add(Concat(axis: 0), parts[0], parts[1], parts[2]))
    let graph = try b.finish(b.add(Reshape(), y, target))
    #expect(try operators(graph) == ["Transpose", "Conv", "Transpose", "Reshape"])
  }
}
