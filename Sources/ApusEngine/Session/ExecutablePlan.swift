public import ApusCore

/// Where the constants of a plan lie.
public protocol ConstantStore: AnyObject, Sendable {
  func bytes(_ reference: ConstantReference) throws -> UnsafeRawBufferPointer
}

/// A plan with its kernels revived; shared by sessions.
public final class ExecutablePlan: Sendable {
  enum StepKernel: Sendable {
    case device(any Kernel)
    case reference(ReferenceKernel)
  }

  public let plan: Plan
  let store: any ConstantStore
  let kernels: [StepKernel]
  /// Operators of steps that may have to infer shapes at run time.
  let operators: [(any Operator)?]
  let memory: PlanMemory
  /// Steps whose kernels work on the device's memory.
  let onDevice: [Bool]
  /// The device's constants, shared by all sessions; nil where everything lies in the host's memory.
  let deviceConstants: DeviceConstants?

  /// Revives every step. `runtimes` are asked by the first part of the record's kind (`cpu.conv` goes to `cpu`).
  public init(
    _ plan: Plan, constants: any ConstantStore, runtimes: [any DeviceRuntime], catalogue: OperatorCatalogue
  ) throws {
    self.plan = plan
    store = constants
    let byDevice = Dictionary(
      runtimes.map { ($0.name.split(separator: ":").first.map(String.init) ?? "", $0) }
    ) { first, _ in first }
    let catalogue = catalogue.adding([LayoutReorder.self, DeviceCopy.self])
    var kernels: [StepKernel] = []
    var onDevice: [Bool] = []
    var operators: [(any Operator)?] = []
    for step in plan.steps {
      let reference = try step.operatorText.map {
        try ReferenceKernel(parsing: $0, catalogue: catalogue, constants: [])
      }
      operators.append(reference?.op)
      if step.kernel.kind == KernelRecord.reference {
        guard let reference else { throw Self.damaged(step, "a reference step holds no operator") }
        kernels.append(.reference(reference))
        onDevice.append(false)
        continue
      }
      let device = step.kernel.kind.split(separator: ".").first.map(String.init) ?? ""
      guard let runtime = byDevice[device] else {
        throw ApusError(
          .resources,
          Problem(
            .deviceMissing, "the engine needs device '\(device)', which is not there", node: step.name,
            operator: step.operatorName, fix: "run `apus doctor`, or optimize the model for this machine"))
      }
      do {
        kernels.append(
          .device(try runtime.revive(step.kernel, constants: try step.kernel.constants.map(constants.bytes))))
      } catch let error as ApusError { throw error.at(step) }
      onDevice.append(runtime.memory != nil)
    }
    self.kernels = kernels
    self.onDevice = onDevice
    deviceConstants = runtimes.lazy.compactMap(\.memory).first.map { DeviceConstants($0) }
    self.operators = operators
    memory = try PlanMemory(plan)
  }

  /// The same kernels, with inner tensors as further outputs.
  public func tapped(_ taps: [Plan.Tap]) throws -> ExecutablePlan {
    try ExecutablePlan(self, plan: plan.tapped(taps))
  }

  private init(_ other: ExecutablePlan, plan: Plan) throws {
    self.plan = plan
    (store, kernels, operators) = (other.store, other.kernels, other.operators)
    (onDevice, deviceConstants) = (other.onDevice, other.deviceConstants)
    memory = try PlanMemory(plan)
  }

  private static func damaged(_ step: PlanStep, _ message: String) -> ApusError {
    ApusError(.invalidModel, Problem(.engineDamaged, message, node: step.name, operator: step.operatorName))
  }
}

/// Which values share memory, and how long they live: what follows from the plan alone.
struct PlanMemory: Sendable {
  /// The value that owns the memory of each value.
  let root: [Int]
  /// First and last step at which the memory of a root is needed.
  let first: [Int]
  let last: [Int]

  init(_ plan: Plan) throws {
    var root = Array(plan.values.indices)
    for (index, value) in plan.values.enumerated() {
      guard case .alias(let of) = value.role else { continue }
      guard plan.values.indices.contains(of), of != index else {
        throw ApusError(.invalidModel, Problem(.engineDamaged, "value \(index) is an alias of nothing"))
      }
      var (owner, steps) = (of, 0)
      while case .alias(let next) = plan.values[owner].role, steps < plan.values.count {
        owner = next
        steps += 1
      }
      root[index] = owner
    }
    var first = [Int](repeating: Int.max, count: root.count)
    var last = [Int](repeating: -1, count: root.count)
    for (number, step) in plan.steps.enumerated() {
      for case let value? in step.inputs + step.outputs {
        guard plan.values.indices.contains(value) else {
          throw ApusError(
            .invalidModel, Problem(.engineDamaged, "step \(number) names a value that is not there"))
        }
        first[root[value]] = min(first[root[value]], number)
        last[root[value]] = max(last[root[value]], number)
      }
    }
    for output in plan.outputs {
      guard root.indices.contains(output) else {
        throw ApusError(.invalidModel, Problem(.engineDamaged, "an output names a value that is not there"))
      }
      last[root[output]] = plan.steps.count
    }
    self.root = root
    self.first = first
    self.last = last
  }
}
