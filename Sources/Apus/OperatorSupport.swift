public import ApusBuilder
import ApusCPUTactics
import ApusCUDA
import ApusCUDATactics
public import ApusTactics

extension OperatorSurvey {
  /// The CPU and a GPU (H100) at each precision; neither a GPU nor a compiler of kernels is needed.
  public static var allDevices: OperatorSurvey {
    func gpu(_ precision: String) -> TacticSet {
      .cuda(CUDARuntime(NullGPU()), images: NoImages(), precision: precision, host: .cpu())
    }
    return OperatorSurvey([
      Column("CPU, FP32", .cpu()), Column("CPU, BF16", .cpu(precision: "bf16"), precision: .bf16),
      Column("CUDA, FP32", gpu("fp32")), Column("CUDA, FP16", gpu("fp16"), precision: .f16),
      Column("CUDA, BF16", gpu("bf16"), precision: .bf16),
    ])
  }
}

extension Model {
  /// What would run the nodes of a model.
  public struct Survey: Sendable {
    /// Name of the GPU, or the CPU's instruction set.
    public let device: String
    /// Whether the GPU is only assumed, there being none here.
    public let isAssumed: Bool
    /// Every node of the optimized model.
    public let notes: [Lowering.NodeNote]
  }

  /// Asks which tactic would run each node. Kernels are not compiled, so no GPU is needed: a missing one is taken to be
  /// an H100.
  public func survey(device: Device = .auto, precision: BuildOptions.Precision = .fp32) throws -> Survey {
    try device.check([precision])
    var options = BuildOptions()
    options.measures = false
    options.deterministic = true
    options.checksAccuracy = false
    options.precisions = [precision]
    guard case .cuda(let index) = device.resolved else {
      let tactics = TacticSet.cpu(precision: precision.rawValue)
      let result = try Builder(options: options, tactics: tactics).build(source)
      return Survey(device: tactics.target.level, isAssumed: false, notes: result.lowered.notes)
    }
    let found = try? DriverGPU(ordinal: index).properties
    let gpu = NullGPU(found ?? .hopper)
    let tactics = TacticSet.cuda(
      CUDARuntime(gpu), images: NoImages(), precision: precision.rawValue, host: .cpu())
    let result = try Builder(options: options, tactics: tactics).build(source)
    return Survey(device: gpu.properties.name, isAssumed: found == nil, notes: result.lowered.notes)
  }
}

/// In the place of machine code that is never run.
private struct NoImages: KernelImages {
  func image(_ source: KernelSource, target: String) -> [UInt8] { Array("\(source.entry) \(target)".utf8) }
}
