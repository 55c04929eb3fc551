import ApusCore

extension BoundPlan {
  /// Runs all steps.
  func run(pool: ThreadPool) throws {
    guard let device else {
      for number in steps.indices { try runStep(number, pool) }
      fixedStepsAreDone = true
      return
    }
    do {
      try run(device, pool)
    } catch {
      // Nothing of a failed run may be under way when the next one starts.
      device.recover()
      throw error
    }
  }

  /// Runs recordings where there are some; what can be recorded is, once it has run without fault.
  private func run(_ device: DeviceSide, _ pool: ThreadPool) throws {
    for index in device.segments.indices {
      let segment = device.segments[index]
      if let graph = segment.graph {
        device.isPending = true
        try graph.launch()
        continue
      }
      for number in segment.steps { try runStep(number, pool) }
      guard segment.isRecordable else { continue }
      try device.settle()
      device.segments[index].graph = try record(segment, device, pool)
    }
    try device.settle()
    fixedStepsAreDone = true
  }

  private func record(_ segment: DeviceSide.Segment, _ device: DeviceSide, _ pool: ThreadPool) throws
    -> any DeviceGraph
  {
    defer { device.isPending = false }
    return try device.stream.capture { for number in segment.steps { try runStep(number, pool) } }
  }

  func runStep(_ number: Int, _ pool: ThreadPool) throws {
    if fixedStepsAreDone, fixedSteps.contains(number) { return }
    if executable.onDevice[number] { device?.isPending = true } else { try device?.settle() }
    switch steps[number].mode {
    case .prepared(let kernel):
      if let address = detours[number] { return try runDetour(number, address) }
      try kernel.run(frame(number, pool))
    case .skipped: break
    case .reference: try runReference(number)
    case .late: try runLate(number, pool)
    }
  }

  /// A copy between the memories whose host side is the caller's memory on the device.
  private func runDetour(_ number: Int, _ address: UnsafeMutableRawPointer) throws {
    let step = plan.steps[number]
    guard let input = step.inputs[0], let output = step.outputs[0], let device,
      let byteCount = descriptors[output]?.byteCount
    else { return }
    if plan.values[output].place == .device, let target = table[output] {
      try device.stream.copy(to: target, from: address, byteCount: byteCount)
    } else if let source = table[input] {
      try device.stream.copy(to: address, from: source, byteCount: byteCount)
    }
  }

  /// Milliseconds on the device's clock for its recorded work alone, which is replayed once; nil where the host has
  /// work to do besides copies, or nothing is recorded yet.
  func deviceMilliseconds() throws -> Double? {
    guard let device else { return nil }
    let graphs = device.segments.compactMap(\.graph)
    let isWhole = device.segments.allSatisfy { segment in
      segment.isRecordable
        ? segment.graph != nil
        : segment.steps.allSatisfy {
          plan.steps[$0].operatorName == DeviceCopy.name || fixedSteps.contains($0)
        }
    }
    guard isWhole, !graphs.isEmpty else { return nil }
    return try device.stream.milliseconds { for graph in graphs { try graph.launch() } }
  }

  private func frame(_ number: Int, _ pool: ThreadPool) -> KernelFrame {
    let step = steps[number]
    let side = executable.onDevice[number] ? device : nil
    return KernelFrame(
      table: table, inputIndices: UnsafePointer(slots + step.slotOffset),
      outputIndices: UnsafePointer(slots + step.slotOffset + step.inputCount),
      scratch: side?.scratch?.address ?? scratch, zeroed: side?.zeroed?.address, pool: pool.handle,
      stream: side?.stream.handle)
  }

  /// A value as references see it: a view of its memory, or what a late step left.
  func value(_ index: Int) throws -> Value {
    if let late = lateValues[index] { return late }
    if let descriptor = descriptors[index], let address = table[index] {
      let bytes = UnsafeRawBufferPointer(start: address, count: descriptor.byteCount)
      return .tensor(
        Tensor(
          dtype: descriptor.dtype, shape: descriptor.shape,
          storage: TensorStorage(viewing: bytes, owner: self)))
    }
    if case .alias(let of) = plan.values[index].role, let source = try value(of).tensor,
      let shape = plan.values[index].type.tensor?.shape
    {
      return .tensor(source.reshaped(try aliasShape(shape, elementCount: source.elementCount)))
    }
    throw ApusError(
      .internal, Problem(.internalError, "value '\(plan.values[index].name)' is read before it is computed"))
  }

  private func aliasShape(_ shape: Shape, elementCount: Int) throws -> [Int] {
    let sizes = shape.map { $0.evaluate(symbols) }
    let known = sizes.reduce(1) { $0 * ($1 ?? 1) }
    guard sizes.count(where: { $0 == nil }) <= 1 else {
      throw ApusError(.internal, Problem(.internalError, "an alias has two sizes that only running can tell"))
    }
    return sizes.map { $0 ?? (known == 0 ? 0 : elementCount / known) }
  }

  private func runReference(_ number: Int) throws {
    let step = plan.steps[number]
    guard case .reference(let kernel) = executable.kernels[number] else { return }
    let results = try evaluate(kernel.run, step)
    for (output, result) in zip(step.outputs, results) {
      guard let output else { continue }
      try store(result, in: output, step)
    }
  }

  /// Copies a result to its planned memory.
  private func store(_ value: Value, in index: Int, _ step: PlanStep) throws {
    guard let tensor = value.tensor, tensor.dtype != .string, let descriptor = descriptors[index],
      let address = table[index]
    else {
      return setLate(index, value)
    }
    guard tensor.shape == descriptor.shape, tensor.dtype == descriptor.dtype else {
      throw ApusError(
        .internal,
        Problem(
          .internalError,
          "a result is \(tensor.type), the plan says \(TensorType(descriptor.dtype, Shape(descriptor.shape)))",
          node: step.name, operator: step.operatorName, fix: "report it with the model"))
    }
    tensor.withUnsafeBytes { bytes in
      if let base = bytes.baseAddress { address.copyMemory(from: base, byteCount: bytes.count) }
    }
  }

  private func evaluate(_ body: ([Value?], Int) throws -> [Value], _ step: PlanStep) throws -> [Value] {
    do {
      return try body(try step.inputs.map { try $0.map(value) }, step.outputs.count)
    } catch let error as OperatorError {
      throw failure(error, of: step)
    }
  }

  /// A step whose sizes are known only now: by its kernel where the operator can tell the sizes from its inputs, else
  /// by the reference.
  private func runLate(_ number: Int, _ pool: ThreadPool) throws {
    let step = plan.steps[number]
    guard let op = executable.operators[number] else {
      throw ApusError(.internal, Problem(.internalError, "a late step holds no operator", node: step.name))
    }
    if case .device(let kernel) = executable.kernels[number], try runLateKernel(kernel, op, number, pool) {
      return
    }
    guard step.packedTypes?.keys.allSatisfy({ step.inputs[$0] != nil }) ?? true else {
      throw ApusError(
        .internal,
        Problem(
          .internalError,
          "the sizes of a result cannot be told, and its kernel holds what the reference needs",
          node: step.name, operator: step.operatorName, fix: "report it with the model"))
    }
    let results = try evaluate({ try op.evaluateInMemory(Operands($0, outputCount: $1)) }, step)
    for (output, result) in zip(step.outputs, results) {
      guard let output else { continue }
      try store(result, in: output, step)
    }
  }

  private func failure(_ error: OperatorError, of step: PlanStep) -> ApusError {
    ApusError(
      error.id == .outOfMemory ? .resources : .invalidInput,
      error.problem(node: step.name, operator: step.operatorName))
  }

  private func check(_ descriptor: TensorDescriptor, of step: PlanStep) throws {
    do throws(OperatorError) {
      try TensorMemory.check(descriptor.shape, bytesPerElement: max(1, descriptor.dtype.bitWidth / 8))
    } catch {
      throw failure(error, of: step)
    }
  }

  private func setLate(_ index: Int, _ value: Value) {
    lateValues[index] = value
    if let tensor = value.tensor {
      table[index] = UnsafeMutableRawPointer(mutating: tensor.storage.base + tensor.byteOffset)
    }
  }

  private func runLateKernel(_ kernel: any Kernel, _ op: any Operator, _ number: Int, _ pool: ThreadPool)
    throws -> Bool
  {
    let step = plan.steps[number]
    let values = try step.inputs.map { try $0.map { try value($0) } }
    let tensors = values.map { $0?.tensor }
    guard zip(values, tensors).allSatisfy({ ($0 == nil) == ($1 == nil) }) else { return false }
    let context = InferenceContext(
      inputs: values.enumerated().map { $1?.type ?? step.packedTypes?[$0] }, constants: tensors,
      outputCount: step.outputs.count)
    let types: [ValueType]
    do { types = try op.infer(context) } catch let error as OperatorError {
      throw failure(error, of: step)
    }
    let sizes = try (kernel as? any SizingKernel)?.outputShapes(tensors)
    var outputs: [TensorDescriptor?] = []
    for (index, output) in step.outputs.enumerated() {
      guard let output else {
        outputs.append(nil)
        continue
      }
      guard index < types.count, let type = types[index].tensor,
        let shape = sizes?[index] ?? type.staticShape
      else {
        return false
      }
      let descriptor = TensorDescriptor(type.dtype, shape, plan.values[output].layout)
      try check(descriptor, of: step)
      outputs.append(descriptor)
    }
    for (index, descriptor) in outputs.enumerated() {
      // What has planned memory, perhaps shared with an output of the graph, is computed there.
      guard let descriptor, let output = step.outputs[index],
        descriptors[output] == nil || table[output] == nil
      else { continue }
      setLate(output, .tensor(Tensor(descriptor.dtype, descriptor.shape)))
    }
    if outputs.allSatisfy({ $0?.elementCount ?? 0 == 0 }) { return true }
    for case let (input?, tensor?) in zip(step.inputs, tensors) where table[input] == nil {
      table[input] = UnsafeMutableRawPointer(mutating: tensor.storage.base + tensor.byteOffset)
      lateValues[input] = .tensor(tensor)
    }
    let prepared = try kernel.prepare(
      PrepareContext(
        inputs: zip(step.inputs, tensors).map { input, tensor in
          tensor.map {
            TensorDescriptor($0.dtype, $0.shape, input.map { plan.values[$0].layout } ?? .rowMajor)
          }
        },
        outputs: outputs, contents: tensors, threads: threads))
    reserveScratch(prepared.scratchBytes)
    try prepared.run(frame(number, pool))
    return true
  }
}
