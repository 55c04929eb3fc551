public import ApusCore
public import ApusEngine

/// One way for a device to run an operator. Vendor libraries and our own kernels are equals: those that support a node
/// are measured, and the fastest that is right wins.
public protocol Tactic: Sendable {
  /// Name in reports, `cpu.conv.nhwc`.
  var name: String { get }

  /// Operators that the tactic may serve.
  var operators: [any Operator.Type] { get }

  /// Yes with layouts, or no with the reason.
  func supports(_ node: TacticNode) -> Support

  /// Makes the record from which the device revives the kernel; packs constants into `constants`.
  func build(_ node: TacticNode, layouts: LayoutSignature, constants: ConstantPool) throws -> BuiltKernel
}

/// What a tactic made.
public struct BuiltKernel: Sendable {
  public var record: KernelRecord
  /// Inputs that the kernel no longer reads, because they are packed into the record.
  public var absorbedInputs: Set<Int>
  /// Pairs (output, input) that may share memory.
  public var inPlace: [[Int]]
  /// Kernels of the tactic that were wrong or lost, with the reason.
  public var refusals: [String] = []
  /// Time of one call at the tuned shape, where the tactic measured it.
  public var milliseconds: Double?
  /// What the kernel has to do at the tuned shape; nil where nobody counted.
  public var work: KernelWork?

  public init(_ record: KernelRecord, absorbedInputs: Set<Int> = [], inPlace: [[Int]] = []) {
    self.record = record
    self.absorbedInputs = absorbedInputs
    self.inPlace = inPlace
  }
}

/// A device as the builder sees it: where plans for it run, and by which tactics.
public struct TacticSet: Sendable {
  public let target: PlanTarget
  public let runtime: any DeviceRuntime
  /// Whose memory the tactics' kernels work on.
  public var place: PlanValue.Place { runtime.memory == nil ? .host : .device }
  /// What runs the nodes that no tactic of this set supports; nil: their references do.
  public let fallback: HostTactics?
  /// What measured times depend on besides the target, drivers and kernels for instance.
  public let stamp: String
  /// Called with a graph, the sizes of its symbols and the measuring to come, before it is lowered: compilers work ahead,
  /// on all processors.
  public let prepare: @Sendable (Graph, [[String: Int]], TuningSession?) -> Void
  private let byOperator: [String: [any Tactic]]

  /// Tactics in order of preference; the first that supports a node is its safe default.
  public init(
    target: PlanTarget, runtime: any DeviceRuntime, tactics: [any Tactic], fallback: HostTactics? = nil,
    stamp: String = "",
    prepare: @escaping @Sendable (Graph, [[String: Int]], TuningSession?) -> Void = { _, _, _ in }
  ) {
    self.prepare = prepare
    self.stamp = stamp
    self.target = target
    self.runtime = runtime
    self.fallback = fallback
    var table: [String: [any Tactic]] = [:]
    for tactic in tactics { for op in tactic.operators { table[op.name, default: []].append(tactic) } }
    byOperator = table
  }

  public func tactics(for op: any Operator) -> [any Tactic] { byOperator[op.operatorName] ?? [] }

  /// Names of all tactics of this set.
  public var names: Set<String> { Set(byOperator.values.joined().map(\.name)) }

  /// Everything that plans of this set may need to run.
  public var runtimes: [any DeviceRuntime] { [runtime] + (fallback.map { $0.set.runtimes } ?? []) }
}

/// The tactics of the host, beside those of a device.
public final class HostTactics: Sendable {
  public let set: TacticSet

  public init(_ set: TacticSet) { self.set = set }
}

/// Constants of the portable part of an engine.
public protocol PortableConstants: Sendable {
  func reference(for tensor: Tensor) -> ConstantReference?
}
