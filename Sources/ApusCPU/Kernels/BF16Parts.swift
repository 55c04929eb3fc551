public import ApusCore
import CApusKernels

/// What FP32 products are made of: plain, or sums of products of the BF16 parts of each number, which only processors with
/// BF16 tiles are quick at.
public enum BF16Parts: Int32, Codable, Sendable {
  case none = 0
  /// High and low part, three products: sixteen bits.
  case two = 2
  /// High, middle and low part, six products: as exact as FP32.
  case three = 3
}

extension Tensor {
  /// Whether every FP32 element is the sum of three BF16 numbers: none is infinite, NaN or above 2^127.
  public var hasBF16Parts: Bool {
    dtype == .f32
      && withUnsafeBytes { apus_parts_fit($0.baseAddress?.assumingMemoryBound(to: Float.self), elementCount) }
  }
}
