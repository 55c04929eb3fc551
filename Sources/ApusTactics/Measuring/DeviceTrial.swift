import ApusCore
public import ApusEngine

/// One node at concrete sizes on a device with memory of its own, on which kernels are checked and timed.
public struct DeviceTrial {
  private let trial: KernelTrial
  private let check: KernelCheck
  private let copy: any Tactic
  /// Operands in the kernel's layouts.
  private let placed: [Tensor?]
  /// Written between replays: as large as any second-level cache.
  private let sweep: any DeviceAllocation

  /// nil where sizes depend on more than `symbols` (those left out are 1), or values are no numeric tensors. `copy`
  /// moves tensors between the memories.
  public init?(
    _ node: TacticNode, _ signature: LayoutSignature, _ runtime: any DeviceRuntime, _ target: PlanTarget,
    symbols: [String: Int], copy: any Tactic
  ) throws {
    let all = node.symbols.reduce(into: symbols) { known, name in known[name] = known[name] ?? 1 }
    guard let trial = KernelTrial(node, signature, runtime, target, symbols: all),
      let sweep = try runtime.memory?.allocate(160 << 20, for: "measuring")
    else { return nil }
    self.trial = trial
    self.copy = copy
    self.sweep = sweep
    placed = trial.operands.enumerated().map { index, operand in
      operand?.reordered(to: Self.layout(index, signature))
    }
    check = try KernelCheck(trial)
  }

  /// Microseconds of one launch among others like it; throws when the results are wrong. `constants` holds what the
  /// kernel packed. A kernel three times slower than `best` is not run again. `tolerance` is the greatest error relative to the
  /// largest result, nil that of the element type.
  ///
  /// Several copies of the kernel run one after another as one recording, each with constants of its own: they come from
  /// memory, as in a network, and every launch waits for its predecessor.
  public func microseconds(
    _ built: BuiltKernel, _ constants: ConstantPool, best: Double?, tolerance: Double? = nil
  ) throws -> Double {
    let copies = min(24, max(4, (64 << 20) / max(constants.byteCount, 1)))
    let binding = try binding(built, constants, copies)
    for _ in 0..<2 { try binding.execute() }
    if let fault = check.fault(try binding.outputs(), trial, tolerance: tolerance) {
      throw ApusError(
        .internal, Problem(.internalError, "wrong: \(fault)", operator: trial.node.op.operatorName))
    }
    var samples: [Double] = []
    while samples.count < 7 {
      try sweep.zero()
      guard let milliseconds = try binding.deviceMilliseconds() else {
        throw ApusError(.internal, Problem(.internalError, "the kernel was not recorded"))
      }
      samples.append(milliseconds * 1000 / Double(copies))
      if let best, samples.count > 1, (samples.min() ?? 0) > 3 * best { break }
    }
    return samples.sorted()[samples.count / 2]
  }

  /// A plan that brings the inputs over, runs the kernel `copies` times and brings the last results back.
  private func binding(_ built: BuiltKernel, _ constants: ConstantPool, _ copies: Int) throws -> Binding {
    var plan = Plan(target: trial.target)
    var fed: [String: Tensor] = [:]
    var inputs: [Int?] = []
    for (index, operand) in trial.operands.enumerated() {
      guard let operand, !built.absorbedInputs.contains(index) else {
        inputs.append(nil)
        continue
      }
      let (layout, name) = (Self.layout(index, trial.signature), "x\(index)")
      fed[name] = placed[index]
      let type = ValueType.tensor(operand.type)
      let here = add(
        PlanValue(name: name, type: type, layout: layout, role: .input(plan.inputs.count)), &plan)
      plan.inputs.append(here)
      inputs.append(try moved(here, to: .device, &plan))
    }
    var outputs: [Int?] = []
    for _ in 0..<copies {
      outputs = trial.outputs.enumerated().map { index, type in
        type.map {
          add(
            PlanValue(
              name: "r\(index)", type: .tensor($0), layout: trial.outputLayout(index), place: .device), &plan)
        }
      }
      plan.steps.append(
        PlanStep(
          name: trial.node.name, operatorName: trial.node.op.operatorName, inputs: inputs, outputs: outputs,
          kernel: built.record))
    }
    for (index, output) in outputs.enumerated() {
      guard let output else { continue }
      let back = try moved(output, to: .host, &plan)
      plan.values[back].name = "y\(index)"
      plan.outputs.append(back)
    }
    let executable = try ExecutablePlan(
      plan, constants: constants, runtimes: [trial.runtime], catalogue: OperatorCatalogue([]))
    return try Session(executable, options: SessionOptions(threads: 1)).bind(inputs: fed)
  }

  private static func layout(_ index: Int, _ signature: LayoutSignature) -> Layout {
    (index < signature.inputs.count ? signature.inputs[index] : nil) ?? .rowMajor
  }

  private func add(_ value: PlanValue, _ plan: inout Plan) -> Int {
    plan.values.append(value)
    return plan.values.count - 1
  }

  private func moved(_ source: Int, to place: PlanValue.Place, _ plan: inout Plan) throws -> Int {
    let value = plan.values[source]
    let op = DeviceCopy(to: place)
    let node = TacticNode(op: op, inputs: [value.type], outputs: [value.type])
    let built = try copy.build(
      node, layouts: LayoutSignature(inputs: [value.layout], outputs: [value.layout]),
      constants: ConstantPool(section: "trial"))
    let target = add(
      PlanValue(name: "\(value.name)'", type: value.type, layout: value.layout, place: place), &plan)
    plan.steps.append(
      PlanStep(
        name: "copy", operatorName: op.operatorName, inputs: [source], outputs: [target], kernel: built.record
      ))
    return target
  }
}
