import ApusBuilder
import ApusCore
public import ApusEngine
public import ApusTactics
import ApusCPU
import ApusCPUTactics
import ApusCUDA
import ApusCUDATactics
import ApusOperators

/// Where a model is to run.
public enum Device: Sendable, Hashable {
  /// The first usable GPU, else the CPU.
  case auto
  case cpu
  case cuda(Int)

  /// `auto`, `cpu`, `cuda`, `cuda:1`.
  public init(parsing text: String) throws {
    switch text {
    case "auto": self = .auto
    case "cpu": self = .cpu
    case "cuda": self = .cuda(0)
    case _ where text.hasPrefix("cuda:"):
      guard let index = Int(text.dropFirst(5)), index >= 0 else { throw Device.unknown(text) }
      self = .cuda(index)
    default: throw Device.unknown(text)
    }
  }

  private static func unknown(_ text: String) -> ApusError {
    ApusError(
      .usage,
      Problem(
        .usage, "unknown device", value: text, allowed: "auto, cpu, cuda, cuda:N", fix: "use --device cpu"))
  }

  /// Tactics for plans of this device; throws when the device is not there.
  public func tactics(precision: String = "fp32", libraries: LibraryUse = .measured) throws -> TacticSet {
    switch self {
    case .cpu: return .cpu(precision: precision)
    case .auto: return try resolved.tactics(precision: precision, libraries: libraries)
    case .cuda(let index):
      let runtime = CUDARuntime(try DriverGPU(ordinal: index), ordinal: index)
      return .cuda(
        runtime, images: KernelCache(try RuntimeCompiler()), precision: precision, libraries: libraries,
        host: .cpu())
    }
  }

  /// The device that `auto` stands for: the first GPU when it and the compiler of its kernels are there.
  public var resolved: Device {
    guard self == .auto else { return self }
    guard let count = try? DriverGPU.count(), count > 0, (try? RuntimeCompiler()) != nil else { return .cpu }
    return .cuda(0)
  }

  /// Precisions that the device has.
  public func supports(_ precision: String) -> Bool {
    switch (resolved, precision) {
    case (_, "fp32"): true
    case (.cuda, "fp16"), (.cuda, "bf16"), (.cuda, "tf32"): true
    case (_, "bf16"): CPURuntime.hasFastBF16
    default: false
    }
  }

  /// Throws, naming those that it has, where the device lacks a precision.
  func check(_ precisions: Set<BuildOptions.Precision>) throws {
    guard let missing = precisions.map(\.rawValue).sorted().first(where: { !supports($0) }) else { return }
    let allowed = BuildOptions.Precision.allCases.map(\.rawValue).filter(supports)
    throw ApusError(
      .resources,
      Problem(
        .precisionMissing, "the device lacks the precision", value: missing,
        allowed: allowed.joined(separator: ", "),
        fix: "leave --precision out, or use one that is allowed"))
  }
}

extension Engine {
  /// A session on the machine at hand.
  public func makeSession(options: SessionOptions = SessionOptions()) throws -> Session {
    Session(try executable(), options: options)
  }

  /// The first plan that this machine can run, with its kernels revived.
  public func executable() throws -> ExecutablePlan {
    let problems = PluginRegistry.shared.problems(with: header.plugins ?? [], file: path)
    guard problems.isEmpty else { throw ApusError(.resources, problems) }
    var reasons: [String] = []
    for (index, entry) in header.plans.enumerated() {
      do {
        return try ExecutablePlan(
          try plan(index), constants: self, runtimes: try Self.runtimes(for: entry.target),
          catalogue: .withPlugins)
      } catch let error as ApusError where error.category == .resources {
        let why = error.problems.map(\.message).joined(separator: "; ")
        reasons.append("plan \(index) is for \(entry.target.device) (\(entry.target.level)): \(why)")
      }
    }
    throw ApusError(
      .resources,
      Problem(
        .engineTarget, "the engine holds no plan for this machine: \(reasons.joined(separator: "; "))",
        file: path,
        fix: "optimize the model on this machine"))
  }

  /// What runs plans of a target; throws when this machine has no such device.
  private static func runtimes(for target: PlanTarget) throws -> [any DeviceRuntime] {
    guard target.device == "cuda" else { return [CPURuntime()] }
    let gpu = try DriverGPU()
    guard gpu.properties.target == target.level else {
      throw ApusError(
        .resources,
        Problem(
          .engineTarget, "the GPU here is \(gpu.properties.name) (\(gpu.properties.target))",
          value: target.level, fix: "optimize the model on this machine"))
    }
    return [CUDARuntime(gpu), CPURuntime()]
  }
}
