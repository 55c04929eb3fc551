public import ApusBuilder
import ApusCPUTactics
import ApusCUDA
import ApusCUDATactics
import ApusTactics

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

/// In the place of machine code that is never run.
private struct NoImages: KernelImages {
  func image(_ source: KernelSource, target: String) -> [UInt8] { Array("\(source.entry) \(target)".utf8) }
  func prepare(_ sources: [KernelSource], target: String) {}
}
