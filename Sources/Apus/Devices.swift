import ApusCore
public import ApusEngine
public import ApusTactics
import ApusCPU
import ApusCPUTactics
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
  public func tactics(precision: String = "fp32") throws -> TacticSet {
    switch self {
    case .auto, .cpu: return .cpu(precision: precision)
    case .cuda(let index):
      throw ApusError(
        .resources,
        Problem(
          .deviceMissing, "CUDA device \(index) cannot be used by this build of Apus", allowed: "cpu",
          fix: "use --device cpu; `apus doctor` says what was found"))
    }
  }

  /// Precisions that the device has.
  public func supports(_ precision: String) -> Bool {
    switch precision {
    case "fp32": true
    case "bf16": CPURuntime.hasFastBF16
    default: false
    }
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
      guard entry.target.device == "cpu" else {
        reasons.append("plan \(index) is for \(entry.target.device) (\(entry.target.level))")
        continue
      }
      return try ExecutablePlan(
        try plan(index), constants: self, runtimes: [CPURuntime()], catalogue: .withPlugins)
    }
    throw ApusError(
      .resources,
      Problem(
        .engineTarget, "the engine holds no plan for this machine: \(reasons.joined(separator: "; "))",
        file: path,
        fix: "optimize the model on this machine"))
  }
}
