import ApusCore
import ApusEngine

/// One node at concrete sizes with random inputs, on which rivals are checked and timed.
struct KernelTrial {
  let node: TacticNode
  let signature: LayoutSignature
  let runtime: any DeviceRuntime
  let target: PlanTarget
  /// Operands in logical order; constants are the node's.
  let operands: [Tensor?]
  let outputs: [TensorType?]
  /// Microseconds that workers spin, long enough for what is done between timed calls: inside a network they would not
  /// have parked either, and kernels of few tasks suffer most from waking them.
  private static let spin = 10_000

  /// nil where sizes depend on more than `symbols`, or values are no numeric tensors.
  init?(
    _ node: TacticNode, _ signature: LayoutSignature, _ runtime: any DeviceRuntime, _ target: PlanTarget,
    symbols: [String: Int]
  ) {
    var generator = Xoshiro256(seed: 17, stream: node.op.operatorName)
    var operands: [Tensor?] = []
    for (index, type) in node.inputs.enumerated() {
      guard let type else {
        operands.append(nil)
        continue
      }
      guard let tensor = type.tensor, tensor.dtype != .string else { return nil }
      if let constant = node.constant(index) {
        operands.append(constant)
      } else if let known = index < node.contents.count ? node.contents[index] : nil {
        guard let tensor = known.evaluate(symbols) else { return nil }
        operands.append(tensor)
      } else {
        guard let shape = tensor.shape?.evaluate(symbols) else { return nil }
        operands.append(.repeating(tensor.dtype, shape, using: &generator))
      }
    }
    var outputs: [TensorType?] = []
    for type in node.outputs {
      guard let type else {
        outputs.append(nil)
        continue
      }
      guard let tensor = type.tensor, let shape = tensor.shape?.evaluate(symbols) else { return nil }
      outputs.append(TensorType(tensor.dtype, Shape(shape)))
    }
    (self.node, self.signature, self.runtime, self.target) = (node, signature, runtime, target)
    (self.operands, self.outputs) = (operands, outputs)
  }

  /// A plan of one step on a session of its own, with the inputs bound.
  func binding(_ built: BuiltKernel, _ constants: ConstantPool, threads: Int) throws -> Binding {
    var plan = Plan(target: target)
    var fed: [String: Tensor] = [:]
    var step = PlanStep(
      name: node.name, operatorName: node.op.operatorName, inputs: [], outputs: [], kernel: built.record)
    for (index, operand) in operands.enumerated() {
      guard let operand, !built.absorbedInputs.contains(index) else {
        step.inputs.append(nil)
        continue
      }
      let layout = (index < signature.inputs.count ? signature.inputs[index] : nil) ?? .rowMajor
      let placed = operand.reordered(to: layout)
      var value = PlanValue(name: "x\(index)", type: .tensor(operand.type), layout: layout)
      if node.constant(index) != nil || (index < node.contents.count && node.contents[index] != nil) {
        value.role = .constant(constants.add(placed))
      } else {
        value.role = .input(plan.inputs.count)
        plan.inputs.append(plan.values.count)
        fed[value.name] = placed
      }
      step.inputs.append(plan.values.count)
      plan.values.append(value)
    }
    for (index, output) in outputs.enumerated() {
      guard let output else {
        step.outputs.append(nil)
        continue
      }
      step.outputs.append(plan.values.count)
      plan.outputs.append(plan.values.count)
      plan.values.append(PlanValue(name: "y\(index)", type: .tensor(output), layout: outputLayout(index)))
    }
    plan.steps = [step]
    let executable = try ExecutablePlan(
      plan, constants: constants, runtimes: [runtime], catalogue: OperatorCatalogue([]))
    return try Session(executable, options: SessionOptions(threads: threads, spinMicroseconds: Self.spin))
      .bind(inputs: fed)
  }

  func outputLayout(_ index: Int) -> Layout {
    (index < signature.outputs.count ? signature.outputs[index] : nil) ?? .rowMajor
  }

  /// What tells this measurement from others: operator, types, layouts, which inputs are constant, and the device.
  func key(threads: Int) -> String {
    let inputs = operands.indices.map { index in
      guard let operand = operands[index] else { return "-" }
      let layout = index < signature.inputs.count ? signature.inputs[index]?.rawValue ?? "packed" : "-"
      return "\(operand.type)\(node.constant(index) == nil ? "" : "!")@\(layout)"
    }
    let results = outputs.indices.map { "\(outputs[$0]?.description ?? "-")@\(outputLayout($0).rawValue)" }
    return
      "\(PlanStep.text(of: node.op).text)|\(inputs.joined(separator: ","))|\(results.joined(separator: ","))"
      + "|\(target.device)/\(target.level)/\(target.model)|\(threads)"
  }
}

extension Array where Element == Dim {
  /// The sizes for given symbols; nil when a symbol is missing.
  func evaluate(_ symbols: [String: Int]) -> [Int]? {
    let sizes = compactMap { $0.evaluate(symbols) }
    return sizes.count == count ? sizes : nil
  }
}

extension Tensor {
  /// Random elements, which repeat in large tensors: as good for comparing kernels, and made much sooner.
  fileprivate static func repeating(
    _ dtype: DType, _ shape: [Int], using generator: inout Xoshiro256
  ) -> Tensor {
    // A prime, so that no axis sees the same elements again and again.
    let period = 262_139
    guard shape.elementCount > period, dtype.bitWidth >= 8 else {
      return .random(dtype, shape, using: &generator)
    }
    let pattern = Tensor.random(dtype, [period], using: &generator)
    return Tensor(dtype, shape) { target in
      pattern.withUnsafeBytes { source in
        for start in stride(from: 0, to: target.count, by: source.count) {
          let part = source[..<min(source.count, target.count - start)]
          UnsafeMutableRawBufferPointer(rebasing: target[start...]).copyMemory(
            from: UnsafeRawBufferPointer(rebasing: part))
        }
      }
    }
  }
}
