public import ApusCore
import Synchronization

/// How a session runs.
public struct SessionOptions: Sendable {
  /// Threads, the caller included; 0: one a processor.
  public var threads: Int
  /// How long idle workers spin before they park.
  public var spinMicroseconds: Int
  /// Bindings kept for shapes met before.
  public var cachedShapes: Int

  public init(threads: Int = 0, spinMicroseconds: Int = 50, cachedShapes: Int = 8) {
    self.threads = threads
    self.spinMicroseconds = spinMicroseconds
    self.cachedShapes = cachedShapes
  }
}

/// Runs a plan for one caller at a time; concurrent use is an error, not a race.
public final class Session: @unchecked Sendable {
  public let executable: ExecutablePlan
  public let pool: ThreadPool
  private let options: SessionOptions
  private var bound: [BoundPlan] = []
  private let busy = Atomic<Bool>(false)

  public init(_ executable: ExecutablePlan, options: SessionOptions = SessionOptions()) {
    self.executable = executable
    self.options = options
    pool = ThreadPool(
      threads: options.threads > 0 ? options.threads : ThreadPool.processorCount,
      spinMicroseconds: options.spinMicroseconds)
  }

  public var inputNames: [String] { executable.plan.inputs.map { executable.plan.values[$0].name } }
  public var outputNames: [String] { executable.plan.outputs.map { executable.plan.values[$0].name } }

  /// Runs once on tensors given by name.
  public func run(_ inputs: [String: Tensor]) throws -> [String: Tensor] {
    try run(values: inputs.mapValues(Value.tensor)).compactMapValues(\.tensor)
  }

  /// Runs once on values given by name; outputs may be sequences and optionals.
  public func run(values inputs: [String: Value]) throws -> [String: Value] {
    try exclusively {
      let ordered = try order(inputs)
      let plan = try boundPlan(for: ordered)
      let results = try execute(plan, ordered)
      return Dictionary(zip(outputNames, results)) { first, _ in first }
    }
  }

  /// Fixes inputs and outputs in memory: `execute` then allocates nothing of ours.
  ///
  /// `deviceInputs` and `deviceOutputs` are read and written where they are, in the order of the plan's own work:
  /// inputs must be complete when `execute` is called, outputs are when it returns. All other outputs lie in memory that
  /// the device's copies reach without a detour, as do inputs made by `stage`.
  public func bind(
    inputs: [String: Tensor] = [:], deviceInputs: [String: DeviceTensor] = [:],
    deviceOutputs: [String: DeviceTensor] = [:]
  ) throws -> Binding {
    try exclusively {
      let ordered = try order(inputs.mapValues(Value.tensor))
      let external = try ExternalTensors(
        inputs: deviceInputs, outputs: deviceOutputs, inputNames: inputNames, outputNames: outputNames)
      let types = ordered.enumerated().map { position, value in
        value?.type
          ?? external.inputs[position].map { .tensor($0.dtype, $0.shape.map { .constant($0) }) }
      }
      return try Binding(
        session: self,
        plan: BoundPlan(executable, inputs: types, threads: pool.threads, external: external),
        inputs: ordered)
    }
  }

  /// Memory for an input that a binding is to read again and again, zeroed: where the plan has a device with memory of
  /// its own, its copies reach it without a detour.
  public func stage(_ dtype: DType, _ shape: [Int]) throws -> StagedTensor {
    try StagedTensor(dtype, shape, on: executable.deviceConstants?.memory)
  }

  /// Bytes of activations and scratch for the shapes bound last.
  public var arenaBytes: Int { bound.first.map { $0.arenaBytes + $0.scratchBytes } ?? 0 }

  /// Bytes of activations and scratch on a device with memory of its own.
  public var deviceArenaBytes: Int {
    bound.first?.device.map { $0.arenaBytes + $0.scratchBytes } ?? 0
  }

  func exclusively<R>(_ body: () throws -> R) throws -> R {
    guard !busy.exchange(true, ordering: .acquiring) else {
      throw ApusError(
        .usage,
        Problem(
          .sessionBusy, "the session is running for another caller",
          fix: "make one session per thread; they share weights"))
    }
    defer { busy.store(false, ordering: .releasing) }
    return try body()
  }

  private func order(_ inputs: [String: Value]) throws -> [Value?] {
    let names = inputNames
    let unknown = inputs.keys.filter { !names.contains($0) }.sorted()
    if !unknown.isEmpty {
      throw ApusError(
        .usage,
        unknown.map {
          Problem(
            .unknownInputName, "'\($0)' is no input", value: $0, allowed: names.joined(separator: ", "),
            fix: "use one of the model's input names")
        })
    }
    return names.map { inputs[$0] }
  }

  private func boundPlan(for inputs: [Value?]) throws -> BoundPlan {
    let types = inputs.map { $0?.type }
    if let index = bound.firstIndex(where: { $0.inputTypes == types }) {
      if index > 0 { bound.insert(bound.remove(at: index), at: 0) }
      return bound[0]
    }
    let plan = try BoundPlan(executable, inputs: types, threads: pool.threads)
    plan.inputTypes = types
    bound.insert(plan, at: 0)
    if bound.count > max(1, options.cachedShapes) { bound.removeLast() }
    return plan
  }

  private func execute(_ plan: BoundPlan, _ inputs: [Value?]) throws -> [Value] {
    plan.attach(inputs: inputs)
    var outputs = plan.freshOutputs()
    try plan.withAddresses(of: outputs) { try plan.run(pool: pool) }
    try plan.collect(&outputs)
    plan.releaseLate()
    return outputs.compactMap { $0 }
  }
}
