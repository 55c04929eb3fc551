public import ApusCore
import CApusKernels

extension Tensor {
  /// Whether every FP32 element is the sum of three BF16 numbers: none is infinite, NaN or above 2^127.
  public var hasBF16Parts: Bool {
    dtype == .f32
      && withUnsafeBytes { apus_parts_fit($0.baseAddress?.assumingMemoryBound(to: Float.self), elementCount) }
  }
}
