import Apus
import ApusCore
import ApusEngine
import ApusOperators
import Testing

/// By its reference only.
private struct RowScale: Plugin {
  var factor: Float = 1

  static let plugin = PluginDescription(
    "RowScale", namespace: "tests", inputs: ["x"], outputs: ["y"],
    fields: [PluginField("factor", .float32, "what to multiply by")])

  init() {}
  init(fields: PluginFields) throws { factor = fields.float("factor") }

  func infer(_ context: InferenceContext) throws -> [ValueType] { [.tensor(try context.tensor(0))] }
  func evaluate(_ operands: Operands) throws -> [Value] {
    let x = try operands.tensor(0)
    return [.tensor(Tensor(doubles: x.doubles().map { $0 * Double(factor) }, x.dtype, x.shape))]
  }
}

/// Sum and largest of each row, with an implementation for the CPU that uses workspace.
private struct RowStatistics: Plugin, CPUPlugin {
  static let plugin = PluginDescription(
    "RowStatistics", namespace: "tests", inputs: ["x"], outputs: ["sum", "largest"])

  init() {}
  init(fields: PluginFields) throws {}

  func infer(_ context: InferenceContext) throws -> [ValueType] {
    let x = try context.tensor(0)
    guard let shape = x.shape, shape.count == 2 else {
      throw OperatorError(.shapeMismatch, "the input must be [rows, columns]")
    }
    return [.tensor(x.dtype, [shape[0]]), .tensor(x.dtype, [shape[0]])]
  }

  func evaluate(_ operands: Operands) throws -> [Value] {
    let x = try operands.tensor(0)
    let (numbers, width) = (x.doubles(), x.shape[1])
    let rows = (0..<x.shape[0]).map { Array(numbers[$0 * width..<($0 + 1) * width]) }
    return [
      .tensor(Tensor(doubles: rows.map { $0.reduce(0, +) }, x.dtype, [rows.count])),
      .tensor(Tensor(doubles: rows.map { $0.max() ?? 0 }, x.dtype, [rows.count])),
    ]
  }

  func prepareForCPU(_ context: PrepareContext) throws -> PreparedKernel {
    let shape = try context.input(0).shape
    return PreparedKernel(scratchBytes: 8 * shape[0]) { frame in
      guard let x = frame.input(0)?.assumingMemoryBound(to: Float.self) else { return }
      let sums = frame.scratch.assumingMemoryBound(to: Double.self)
      for row in 0..<shape[0] {
        var largest = -Float.infinity
        sums[row] = 0
        for column in 0..<shape[1] {
          sums[row] += Double(x[row * shape[1] + column])
          largest = max(largest, x[row * shape[1] + column])
        }
        frame.output(0)?.assumingMemoryBound(to: Float.self)[row] = Float(sums[row])
        frame.output(1)?.assumingMemoryBound(to: Float.self)[row] = largest
      }
    }
  }
}

@Suite struct SwiftPluginTests {
  @Test func pluginsWithAndWithoutAnImplementationRunFromAnEngine() throws {
    try PluginRegistry.shared.register(RowScale.self)
    try PluginRegistry.shared.register(RowStatistics.self)
    var network = Network(name: "swift")
    let x = network.addInput("x", .f32, [.symbol("rows"), 5])
    let scaled = try network.addPlugin("RowScale", inputs: [x], fields: ["factor": .float(-2)], outputs: 1)
    let found = try network.addPlugin("RowStatistics", inputs: scaled, outputs: 2)
    for (value, name) in zip(found, ["sum", "largest"]) { try network.markOutput(value, name: name) }
    var options = BuildOptions()
    options.measures = false
    let path = "/tmp/apus-swift-plugin-\(UInt32.random(in: 0 ... .max)).engine"
    let result = try network.build(options)
    #expect(result.report.accuracy.allSatisfy { $0.maxAbs < 1e-5 })
    try result.save(to: path)
    let engine = try Engine(contentsOf: path)
    #expect(engine.header.plugins?.count == 2)
    let session = try engine.makeSession()
    #expect(session.executable.plan.steps.map(\.kernel.kind) == ["reference", "cpu.plugin"])
    var generator = Xoshiro256(seed: 4)
    for rows in [1, 7] {
      let input = Tensor.random(.f32, [rows, 5], using: &generator)
      let outputs = try session.run(["x": input])
      let numbers = input.doubles().map { -2 * $0 }
      for row in 0..<rows {
        let part = numbers[5 * row..<5 * row + 5]
        #expect(abs((outputs["sum"]?.doubles()[row] ?? 0) - part.reduce(0, +)) < 1e-5)
        #expect(abs((outputs["largest"]?.doubles()[row] ?? 0) - (part.max() ?? 0)) < 1e-5)
      }
    }
  }
}
