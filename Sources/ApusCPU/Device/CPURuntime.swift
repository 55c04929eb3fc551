import ApusCore
public import ApusEngine
import CApusKernels

/// The CPU that this process runs on.
public struct CPURuntime: DeviceRuntime {
  public let name = "cpu"

  public init() {}

  /// Instruction sets that the kernels use here.
  public static var level: String {
    switch apus_cpu_current_level() {
    case APUS_CPU_AMX_BF16: "avx512-amx"
    case APUS_CPU_AVX512_BF16: "avx512-bf16"
    case APUS_CPU_AVX512: "avx512"
    case APUS_CPU_AVX2: "avx2"
    default: "portable"
    }
  }

  /// Whether BF16 products are faster than FP32 ones.
  public static var hasFastBF16: Bool { apus_cpu_has_fast_bf16() }

  /// Whether the processor multiplies tiles of BF16 numbers (AMX).
  public static var hasBF16Tiles: Bool { apus_cpu_current_level().rawValue >= APUS_CPU_AMX_BF16.rawValue }

  public func revive(_ record: KernelRecord, constants: [UnsafeRawBufferPointer]) throws -> any Kernel {
    guard let kernel = Self.byKind[record.kind] else {
      throw ApusError(
        .invalidModel,
        Problem(
          .engineVersion, "this Apus has no CPU kernel '\(record.kind)'",
          fix: "optimize the model again with this version of Apus"))
    }
    return try kernel.revive(record, constants)
  }

  private static let byKind: [String: any CPUKernel.Type] = Dictionary(
    uniqueKeysWithValues: cpuKernels.map { ($0.kind, $0) })
}
