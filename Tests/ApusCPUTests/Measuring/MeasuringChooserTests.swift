import ApusCore
import ApusCPU
import ApusCPUTactics
import ApusEngine
import ApusOperators
import ApusTactics
import Glibc
import Testing

/// Builds the kernel of another operator: what a faulty tactic does.
private struct WrongLinear: Tactic {
  let name = "test.wrong"
  var operators: [any Operator.Type] { [Linear.self] }

  func supports(_ node: TacticNode) -> Support { .yes([.all(.rowMajor, node)]) }

  func build(_ node: TacticNode, layouts: LayoutSignature, constants: ConstantPool) throws -> BuiltKernel {
    var parameters = MatMulKernel.Parameters(type: .f32)
    parameters.activation = .relu
    guard let weight = node.constant(1) else {
      throw ApusError(.internal, Problem(.internalError, "no weights"))
    }
    let packed = parameters.pack(weight)
    return BuiltKernel(
      try MatMulKernel.record(parameters, tactic: name, constants: [constants.add(packed)]),
      absorbedInputs: [1])
  }
}

@Suite struct MeasuringChooserTests {
  private func node() -> TacticNode {
    var generator = Xoshiro256(seed: 1)
    let weight = Tensor.random(.f32, [40, 24], using: &generator)
    return TacticNode(
      op: Linear(), name: "fc", inputs: [.tensor(.f32, [.symbol("batch"), 40]), .tensor(weight.type)],
      constants: [nil, weight], outputs: [.tensor(.f32, [.symbol("batch"), 24])])
  }

  private func choose(_ rivals: [any Tactic], _ cache: TimingCache, _ pool: ConstantPool) throws
    -> TacticChoice
  {
    var options = MeasuringChooser.Options()
    options.sizes = [["batch": 3]]
    options.threads = 1
    options.timePerRival = .milliseconds(1)
    let node = node()
    return try MeasuringChooser(.cpu(), options: options, cache: cache).choose(
      rivals, node, .all(.rowMajor, node), pool)
  }

  @Test func wrongRivalsAreRefusedByName() throws {
    let right = try #require(TacticSet.cpu().tactics(for: Linear()).first)
    let pool = ConstantPool(section: "packed.0")
    let choice = try choose([WrongLinear(), right], TimingCache(), pool)
    #expect(choice.built.record.tactic == right.name)
    #expect(choice.milliseconds ?? 0 > 0)
    #expect(choice.refusals.contains { $0.hasPrefix("test.wrong: ") && $0.contains("wrong") })
    #expect(pool.tensors.count == 1, "losers leave nothing in the engine")
  }

  @Test func cachesMergeOnDisk() throws {
    let path = "/tmp/apus-timing-\(getpid()).json"
    defer { unlink(path) }
    let right = try #require(TacticSet.cpu().tactics(for: Linear()).first)
    let first = TimingCache(path: path)
    _ = try choose([WrongLinear(), right], first, ConstantPool(section: "a"))
    #expect(first.count == 1)
    #expect(first.save() == nil)
    let other = TimingCache(path: path)
    other["elsewhere"] = TimingCache.Entry(tactic: "t", milliseconds: 1)
    #expect(other.save() == nil)
    #expect(first.save() == nil)
    #expect(TimingCache(path: path).count == 2)
    let again = try choose([WrongLinear(), right], TimingCache(path: path), ConstantPool(section: "b"))
    #expect(again.built.record.tactic == right.name)
    #expect(again.refusals.isEmpty, "nothing was measured again")
    #expect(TimingCache(path: "/nonexistent/folder/cache").save() != nil)
  }
}
