import ApusCore
import ApusEngine
import ApusOperators
import Testing

/// A plan of references: y = relu(x + c), then reshaped.
private func samplePlan(_ pool: ConstantPool) -> Plan {
  var plan = Plan(target: PlanTarget(device: "cpu", level: "reference"))
  let type = ValueType.tensor(.f32, [.symbol("batch"), 3])
  let constant = pool.add(Tensor([10, 20, 30] as [Float]))
  plan.values = [
    PlanValue(name: "x", type: type, role: .input(0)),
    PlanValue(name: "c", type: .tensor(.f32, [3]), role: .constant(constant)),
    PlanValue(name: "sum", type: type),
    PlanValue(name: "y", type: type),
    PlanValue(name: "flat", type: .tensor(.f32, [.symbol("batch") * 3]), role: .alias(of: 3)),
  ]
  func step(_ op: any Operator, _ inputs: [Int?], _ output: Int) -> PlanStep {
    PlanStep(
      name: "n\(output)", operatorName: op.operatorName, inputs: inputs, outputs: [output],
      kernel: KernelRecord(kind: KernelRecord.reference, tactic: "reference"),
      operatorText: PlanStep.text(of: op).text)
  }
  plan.steps = [step(Add(), [0, 1], 2), step(Relu(), [2], 3)]
  plan.inputs = [0]
  plan.outputs = [4, 2]
  return plan
}

@Suite struct SessionTests {
  private func session() throws -> Session {
    let pool = ConstantPool(section: "packed.0")
    let plan = samplePlan(pool)
    return Session(
      try ExecutablePlan(plan, constants: pool, runtimes: [], catalogue: .standard),
      options: SessionOptions(threads: 1))
  }

  @Test func runsForSeveralBatchSizes() throws {
    let session = try session()
    for batch in [1, 3, 2] {
      let x = Tensor((0..<batch * 3).map { Float($0) - 15 }, shape: [batch, 3])
      let results = try session.run(["x": x])
      let sum = x.elements(as: Float.self).enumerated().map { $1 + Float([10, 20, 30][$0 % 3]) }
      #expect(results["sum"]?.elements(as: Float.self) == sum)
      #expect(results["flat"]?.elements(as: Float.self) == sum.map { max($0, 0) })
      #expect(results["flat"]?.shape == [batch * 3])
    }
  }

  @Test func namesEveryWrongInput() throws {
    let session = try session()
    #expect(throws: ApusError.self) { try session.run(["y": Tensor([1] as [Float])]) }
    do {
      _ = try session.run(["x": Tensor([1, 2] as [Double], shape: [1, 2])])
      Issue.record("a wrong type and shape passed")
    } catch let error as ApusError {
      #expect(error.exitCode == 65)
      #expect(error.problems.map(\.id) == [.inputType, .inputShape])
    }
  }

  @Test func bindingRunsOnFixedMemory() throws {
    let session = try session()
    let binding = try session.bind(inputs: ["x": Tensor([1, -50, 3] as [Float], shape: [1, 3])])
    try binding.execute()
    #expect(try binding.outputs()["flat"]?.elements(as: Float.self) == [11, 0, 33])
  }
}
