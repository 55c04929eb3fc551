import ApusCore

/// A plan bound to input shapes: every size known, memory placed, kernels prepared. Running it allocates nothing, but
/// for steps whose sizes only running can tell and for references.
final class BoundPlan {
  enum Mode {
    case prepared(PreparedKernel)
    /// Sizes known, computed by the reference.
    case reference
    /// Output sizes known only after running.
    case late
    /// Nothing to compute: all outputs are empty.
    case skipped
  }

  struct Step {
    var mode: Mode
    /// Position of the step's slots in `slots`: inputs, then outputs.
    var slotOffset: Int
    var inputCount: Int
  }

  let executable: ExecutablePlan
  var plan: Plan { executable.plan }
  let symbols: [String: Int]
  let descriptors: [TensorDescriptor?]
  private(set) var steps: [Step] = []
  /// Addresses of all values.
  let table: UnsafeMutablePointer<UnsafeMutableRawPointer?>
  let slots: UnsafeMutablePointer<Int32>
  let arena: UnsafeMutableRawPointer
  let arenaBytes: Int
  private(set) var scratch: UnsafeMutableRawPointer
  private(set) var scratchBytes = 0
  /// What steps on a device with memory of its own need; nil in plans of the host alone.
  let device: DeviceSide?
  /// For each value, the values that share its memory, itself included (owners only).
  private var sharers: [[Int]]
  /// Owner of the memory of each value, in-place steps included.
  private(set) var owner: [Int]
  /// Outputs that are computed straight into the caller's memory.
  private(set) var directOutputs: Set<Int> = []
  private var keptAlive: [Tensor] = []
  /// Values of late steps while a run lasts.
  var lateValues: [Value?]
  let threads: Int
  /// Steps whose inputs are all known when shapes are bound: the first run computes them for all.
  let fixedSteps: Set<Int>
  var fixedStepsAreDone = false
  /// What the caller keeps on the device.
  let external: ExternalTensors
  /// Steps between the memories whose host side the caller keeps on the device, and that address there.
  let detours: [Int: UnsafeMutableRawPointer]
  /// Types the plan was bound for, and the inputs of the current run.
  var inputTypes: [ValueType?] = []
  var attached: [Tensor?]
  /// Whether a run leaves late values behind.
  var hasLate: Bool { lateValues.contains { $0 != nil } }

  init(
    _ executable: ExecutablePlan, inputs: [ValueType?], threads: Int,
    external: ExternalTensors = ExternalTensors()
  ) throws {
    self.executable = executable
    self.threads = threads
    self.external = external
    let plan = executable.plan
    symbols = try ShapeBinding(plan, inputs: inputs).symbols
    let symbols = symbols
    descriptors = Self.descriptors(plan, symbols, inputs)
    detours = try external.detours(executable, descriptors)
    lateValues = [Value?](repeating: nil, count: plan.values.count)
    attached = [Tensor?](repeating: nil, count: plan.inputs.count)
    owner = executable.memory.root
    fixedSteps = Self.fixedSteps(executable, descriptors)
    sharers = Array(repeating: [], count: plan.values.count)
    try Self.checkSizes(plan, descriptors, symbols)
    let placement = Self.place(plan, executable.memory, descriptors, fixedSteps, &owner)
    try Self.checkMemory(placement, plan, descriptors)
    directOutputs = placement.direct
    // What may fail comes before memory that `deinit` frees.
    let largest = Self.largest(.device, plan, descriptors)
    device = try executable.deviceConstants.map {
      try DeviceSide($0.memory, arenaBytes: placement.deviceBytes, largest: largest)
    }
    table = .allocate(capacity: max(1, plan.values.count))
    table.initialize(repeating: nil, count: max(1, plan.values.count))
    let slotCount = plan.steps.reduce(0) { $0 + $1.inputs.count + $1.outputs.count }
    slots = .allocate(capacity: max(1, slotCount))
    arenaBytes = placement.bytes
    arena = UnsafeMutableRawPointer.allocate(byteCount: max(64, arenaBytes), alignment: 64)
    scratch = UnsafeMutableRawPointer.allocate(byteCount: 64, alignment: 64)
    for index in owner.indices { sharers[owner[index]].append(index) }
    for (index, offset) in placement.offsets {
      let base = plan.values[index].place == .device ? device?.arena.address : arena
      setAddress(of: index, base.map { $0 + offset })
    }
    try setConstants()
    try prepareSteps()
  }

  deinit {
    table.deallocate()
    slots.deallocate()
    arena.deallocate()
    scratch.deallocate()
  }

  /// Gives a value and all that share its memory an address.
  func setAddress(of index: Int, _ address: UnsafeMutableRawPointer?) {
    for sharer in sharers[owner[index]] { table[sharer] = address }
  }

  private func setConstants() throws {
    for (index, value) in plan.values.enumerated() {
      switch value.role {
      case .constant(let reference):
        let bytes = try executable.store.bytes(reference)
        if let descriptor = descriptors[index], descriptor.byteCount > bytes.count {
          throw ApusError(.invalidModel, Problem(.engineDamaged, "constant '\(value.name)' is cut short"))
        }
        if value.place == .device {
          setAddress(
            of: index, try executable.deviceConstants?.address(of: reference, named: value.name, bytes))
        } else {
          setAddress(of: index, UnsafeMutableRawPointer(mutating: bytes.baseAddress))
        }
      case .shape(let contents):
        guard let tensor = contents.contents.evaluate(symbols) else { continue }
        keptAlive.append(tensor)
        setAddress(of: index, UnsafeMutableRawPointer(mutating: tensor.storage.base + tensor.byteOffset))
      default: break
      }
    }
  }

  /// Elements of a value that are known before running.
  func knownContents(_ index: Int) -> Tensor? {
    switch plan.values[index].role {
    case .constant(let reference):
      guard let descriptor = descriptors[index], let bytes = try? executable.store.bytes(reference) else {
        return nil
      }
      let storage = TensorStorage(viewing: bytes, owner: executable.store)
      return Tensor(dtype: descriptor.dtype, shape: descriptor.shape, storage: storage)
    case .shape(let contents): return contents.contents.evaluate(symbols)
    case .alias(let of):
      guard let descriptor = descriptors[index] else { return nil }
      return knownContents(of)?.reshaped(descriptor.shape)
    default: return nil
    }
  }

  private func prepareSteps() throws {
    var slotOffset = 0
    for (number, step) in plan.steps.enumerated() {
      for (index, value) in (step.inputs + step.outputs).enumerated() {
        slots[slotOffset + index] = Int32(truncatingIfNeeded: value ?? -1)
      }
      let mode = try mode(of: step, number)
      if case .prepared(let kernel) = mode {
        if executable.onDevice[number] {
          device?.reserve(kernel, for: step.name)
        } else {
          reserveScratch(kernel.scratchBytes)
        }
      }
      steps.append(Step(mode: mode, slotOffset: slotOffset, inputCount: step.inputs.count))
      slotOffset += step.inputs.count + step.outputs.count
    }
    try device?.allocateScratch()
    device?.segments = DeviceSide.segments(steps.indices.map { isRecordable($0) })
  }

  /// Whether a step can be part of a recording: a device's own work at addresses that stay.
  private func isRecordable(_ number: Int) -> Bool {
    guard executable.onDevice[number] else { return false }
    if plan.steps[number].operatorName == DeviceCopy.name { return detours[number] != nil }
    switch steps[number].mode {
    case .prepared, .skipped: return true
    case .reference, .late: return false
    }
  }

  func reserveScratch(_ bytes: Int) {
    guard bytes > scratchBytes else { return }
    scratch.deallocate()
    scratch = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
    scratchBytes = bytes
  }

  private func mode(of step: PlanStep, _ number: Int) throws -> Mode {
    let values = (step.inputs + step.outputs).compactMap { $0 }
    guard values.allSatisfy({ descriptors[$0] != nil }) else { return .late }
    let outputs = step.outputs.compactMap { $0 }
    if !outputs.isEmpty, outputs.allSatisfy({ descriptors[$0]?.elementCount == 0 }) { return .skipped }
    switch executable.kernels[number] {
    case .reference: return .reference
    case .device(let kernel):
      do { return .prepared(try kernel.prepare(context(of: step))) } catch let error as ApusError {
        throw error.at(step)
      }
    }
  }

  private func context(of step: PlanStep) -> PrepareContext {
    PrepareContext(
      inputs: step.inputs.map { $0.flatMap { descriptors[$0] } },
      outputs: step.outputs.map { $0.flatMap { descriptors[$0] } },
      contents: step.inputs.map { $0.flatMap { knownContents($0) } }, threads: threads)
  }
}

extension BoundPlan {
  /// What is known of every value; inputs of unknown rank have the shapes that the plan is bound for.
  private static func descriptors(
    _ plan: Plan, _ symbols: [String: Int], _ inputs: [ValueType?]
  ) -> [TensorDescriptor?] {
    var descriptors = plan.values.map { $0.descriptor(symbols) }
    for (position, index) in plan.inputs.enumerated() where descriptors[index] == nil {
      guard let type = inputs[position]?.tensor, let shape = type.staticShape else { continue }
      descriptors[index] = TensorDescriptor(type.dtype, shape, plan.values[index].layout)
    }
    return descriptors
  }

  /// Refuses tensors of impossible sizes and those that no memory holds, before offsets are added up.
  private static func checkSizes(
    _ plan: Plan, _ descriptors: [TensorDescriptor?], _ symbols: [String: Int]
  ) throws {
    for step in plan.steps {
      for case let output? in step.outputs {
        let sizes = (plan.values[output].type.tensor?.shape ?? []).map { $0.evaluate(symbols) }
        guard sizes.contains(where: { ($0 ?? 0) < 0 }) else { continue }
        let shape = sizes.map { $0.map(String.init) ?? "?" }.joined(separator: "x")
        throw ApusError(
          .invalidInput,
          Problem(
            .inputShape, "the inputs are too small: '\(plan.values[output].name)' would have shape \(shape)",
            node: step.name, operator: step.operatorName, fix: "use larger inputs"))
      }
      for case let output? in step.outputs where plan.values[output].place == .host {
        guard let descriptor = descriptors[output], descriptor.byteCount > TensorMemory.byteCount else {
          continue
        }
        throw ApusError(
          .resources,
          Problem(
            .outOfMemory, "'\(plan.values[output].name)' of shape \(descriptor.shape) does not fit in memory",
            node: step.name, operator: step.operatorName, value: "\(descriptor.byteCount) bytes",
            allowed: "\(TensorMemory.byteCount) bytes", fix: "check the shapes of the inputs"))
      }
    }
  }

  /// Refuses what the machine's memory cannot hold at once.
  private static func checkMemory(
    _ placement: ArenaPlacement, _ plan: Plan, _ descriptors: [TensorDescriptor?]
  ) throws {
    let needed = placement.direct.reduce(placement.bytes) { $0 + (descriptors[$1]?.byteCount ?? 0) }
    guard needed > TensorMemory.byteCount else { return }
    let largest = largest(.host, plan, descriptors).map { "; the largest is \($0)" } ?? ""
    throw ApusError(
      .resources,
      Problem(
        .outOfMemory, "the tensors of a run do not fit in memory\(largest)", value: "\(needed) bytes",
        allowed: "\(TensorMemory.byteCount) bytes", fix: "run a smaller batch or smaller inputs"))
  }

  /// The computed tensor that takes most of a memory, as errors name it.
  private static func largest(
    _ place: PlanValue.Place, _ plan: Plan, _ descriptors: [TensorDescriptor?]
  ) -> String? {
    let sizes = plan.values.indices.compactMap { index -> (index: Int, bytes: Int)? in
      guard plan.values[index].place == place, case .computed = plan.values[index].role else { return nil }
      return descriptors[index].map { (index, $0.byteCount) }
    }
    guard let largest = sizes.max(by: { $0.bytes < $1.bytes }), let descriptor = descriptors[largest.index]
    else { return nil }
    let type = TensorType(descriptor.dtype, Shape(descriptor.shape))
    return "'\(plan.values[largest.index].name)' \(type) of \(largest.bytes) bytes"
  }

  /// Steps of constants and shape values alone whose results stay inside the plan.
  private static func fixedSteps(_ executable: ExecutablePlan, _ descriptors: [TensorDescriptor?]) -> Set<Int>
  {
    let plan = executable.plan
    let root = executable.memory.root
    let results = Set(plan.outputs.map { root[$0] })
    var known: Set<Int> = []
    for (index, value) in plan.values.enumerated() {
      switch value.role {
      case .constant, .shape: known.insert(index)
      default: break
      }
    }
    var fixed: Set<Int> = []
    for (number, step) in plan.steps.enumerated() {
      let isKnown = step.inputs.allSatisfy { $0.map { known.contains(root[$0]) } ?? true }
      let isInside = step.outputs.allSatisfy {
        $0.map { descriptors[$0] != nil && !results.contains(root[$0]) } ?? true
      }
      let isRandom = executable.operators[number]?.traits.contains(.nondeterministic) ?? false
      guard isKnown, isInside, !isRandom else { continue }
      fixed.insert(number)
      known.formUnion(step.outputs.compactMap { $0 })
    }
    return fixed
  }

  struct ArenaPlacement {
    var offsets: [(value: Int, offset: Int)] = []
    var bytes = 0
    var deviceBytes = 0
    var direct: Set<Int> = []
  }

  /// Whether a step reads some memory as the input at `position` only, so that writing over it is safe.
  private static func readsOnce(_ step: PlanStep, _ memory: Int, _ position: Int, _ owner: [Int]) -> Bool {
    step.inputs.enumerated().allSatisfy { index, input in
      index == position || input.map { owner[$0] != memory } ?? true
    }
  }

  /// Decides who shares memory and where it lies. `owner` comes in with aliases resolved and leaves with in-place
  /// outputs merged into their inputs.
  static func place(
    _ plan: Plan, _ memory: PlanMemory, _ descriptors: [TensorDescriptor?], _ fixed: Set<Int>,
    _ owner: inout [Int]
  ) -> ArenaPlacement {
    var placement = ArenaPlacement()
    var (first, last) = (memory.first, memory.last)
    // What the first run leaves for all others nothing may write over.
    for case let output? in fixed.flatMap({ plan.steps[$0].outputs }) {
      (first[owner[output]], last[owner[output]]) = (0, plan.steps.count)
    }
    func isComputed(_ value: Int) -> Bool {
      if case .computed = plan.values[value].role { true } else { false }
    }
    for output in plan.outputs where isComputed(owner[output]) && descriptors[output] != nil {
      placement.direct.insert(owner[output])
    }
    for (number, step) in plan.steps.enumerated() {
      for pair in step.inPlace where pair.count == 2 {
        guard pair[0] < step.outputs.count, pair[1] < step.inputs.count, let output = step.outputs[pair[0]],
          let input = step.inputs[pair[1]], let out = descriptors[output], let into = descriptors[input]
        else { continue }
        let (target, source) = (owner[output], owner[input])
        guard target == output, isComputed(source), source != target, last[source] == number,
          out.byteCount == into.byteCount, !placement.direct.contains(target),
          !placement.direct.contains(source),
          descriptors[source] != nil, readsOnce(step, source, pair[1], owner)
        else { continue }
        for index in owner.indices where owner[index] == target { owner[index] = source }
        last[source] = max(last[source], last[target])
        first[source] = min(first[source], first[target])
        break
      }
    }
    for place in [PlanValue.Place.host, .device] {
      var requests: [MemoryPlanner.Request] = []
      var values: [Int] = []
      for index in plan.values.indices
      where owner[index] == index && isComputed(index) && last[index] >= 0
        && !placement.direct.contains(index)
      {
        guard plan.values[index].place == place, let descriptor = descriptors[index] else { continue }
        values.append(index)
        requests.append(.init(byteCount: descriptor.byteCount, first: first[index], last: last[index]))
      }
      let placed = MemoryPlanner.place(requests)
      placement.offsets += zip(values, placed.offsets).map { ($0, $1) }
      if place == .host { placement.bytes = placed.peak } else { placement.deviceBytes = placed.peak }
    }
    return placement
  }
}
