import ApusCPUTactics
import ApusCore
import ApusTestSupport
import ApusOperators
import ApusTactics
import ApusEngine
import Testing

/// Outputs of one node by its reference and by every tactic of the CPU, `reference` and tactic names.
func results(
  of op: any Operator, _ inputs: [Tensor], outputs: Int, threads: Int = 2
) throws -> [String: [Tensor]] {
  var found = [
    "reference": try op.evaluate(Operands(inputs, outputCount: outputs)).compactMap(\.tensor)
  ]
  var graph = Graph(name: "case")
  let values = inputs.enumerated().map { graph.addInput("x\($0)", .tensor($1.type)) }
  let node = graph.addNode(op, values, outputs: (0..<outputs).map { "y\($0)" })
  #expect(graph.inferTypes().isEmpty)
  graph.setOutputs(graph[node].outputs.compactMap { $0 })
  let set = TacticSet.cpu()
  let pool = ConstantPool(section: "packed.0")
  let result = try Lowering.lower(graph, tactics: set, constants: pool, chooser: FirstTactic())
  let tactic = try #require(result.notes.first?.tactic)
  let session = Session(
    try ExecutablePlan(result.plan, constants: pool, runtimes: [set.runtime], catalogue: .standard),
    options: SessionOptions(threads: threads))
  let feeds = Dictionary(uniqueKeysWithValues: inputs.enumerated().map { ("x\($0)", $1) })
  // Twice: nothing of the first run may be left in the second.
  _ = try session.run(feeds)
  let ran = try session.run(feeds)
  if tactic != "reference" { found[tactic] = (0..<outputs).compactMap { ran["y\($0)"] } }
  return found
}

/// Random numbers for detection cases.
struct DetectionRandom {
  var generator: Xoshiro256

  init(seed: UInt64) { generator = Xoshiro256(seed: seed) }

  mutating func uniform(_ range: ClosedRange<Double> = 0...1) -> Float {
    Float(
      range.lowerBound + Double(generator.next() >> 11) / Double(1 << 53)
        * (range.upperBound - range.lowerBound))
  }

  mutating func normals(_ count: Int, scale: Double = 1) -> [Float] {
    (0..<count).map { _ in Float(generator.normal() * scale) }
  }

  /// Scores in 0...1, coarse so that ties are common, some of them not numbers.
  mutating func scores(_ count: Int) -> [Float] {
    (0..<count).map { _ in
      let value = (uniform() * 64).rounded() / 64
      return generator.next() % 50 == 0 ? .nan : value
    }
  }

  /// Boxes by corners within `size`.
  mutating func boxes(_ count: Int, size: Double = 100) -> [[Float]] {
    (0..<count).map { _ in
      let (x, y) = (uniform(0...size), uniform(0...size))
      return [x, y, x + uniform(1...size / 2), y + uniform(1...size / 2)]
    }
  }
}
