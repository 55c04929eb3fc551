import ApusCore
public import ApusEngine
import CApusKernels

/// FP32 to U8 with a scale and a zero point that the data's range gives.
public struct DynamicQuantizeKernel: CPUKernel {
  public struct Parameters: Codable, Sendable {
    public init() {}
  }

  public static let kind = "cpu.quantize.dynamic"

  public init(_ parameters: Parameters, constants: [UnsafeRawBufferPointer]) {}

  public func prepare(_ context: PrepareContext) throws -> PreparedKernel {
    let count = try context.input(0).elementCount
    return PreparedKernel(scratchBytes: apus_quantize_tasks(count) * 8) { frame in
      apus_quantize_dynamic(
        frame.input(0)?.assumingMemoryBound(to: Float.self), count,
        frame.output(0)?.assumingMemoryBound(to: UInt8.self),
        frame.output(1)?.assumingMemoryBound(to: Float.self),
        frame.output(2)?.assumingMemoryBound(to: UInt8.self),
        frame.scratch.assumingMemoryBound(to: Float.self), frame.pool)
    }
  }
}
