public import ApusCore
import ApusEngine
public import ApusOperators
import CApusKernels

/// The two products of a squeeze-and-excitation layer, as kernels that need them keep them.
public struct SqueezeExciteLayer: Codable, Sendable {
  public var channels: Int
  public var squeezed: Int
  public var layer: SqueezeExcitation

  public init(channels: Int, squeezed: Int, layer: SqueezeExcitation) {
    self.channels = channels
    self.squeezed = squeezed
    self.layer = layer
  }

  /// The C description for means of `batch` images.
  func native(batch: Int) -> apus_squeeze_excite {
    var native = apus_squeeze_excite()
    native.batch = batch
    native.channels = channels
    native.squeezed = squeezed
    // Means come in, not sums: packed weights must not depend on the number of pixels.
    native.pixels = 1
    (native.inner, native.inner_alpha, native.inner_beta) = layer.inner.native
    (native.outer, native.outer_alpha, native.outer_beta) = layer.outer.native
    return native
  }

  /// Weights and biases in the kernel's order: reduce `[S, C]`, expand `[C, S]`, FP32.
  public func pack(reduce: [Float], _ reduceBias: [Float]?, expand: [Float], _ expandBias: [Float]?) -> Tensor
  {
    var native = native(batch: 1)
    return Tensor(.u8, [apus_squeeze_excite_packed_bytes(&native)]) { target in
      guard let base = target.baseAddress?.assumingMemoryBound(to: Float.self) else { return }
      let (first, second) = (
        reduceBias ?? [Float](repeating: 0, count: squeezed),
        expandBias ?? [Float](repeating: 0, count: channels)
      )
      apus_squeeze_excite_pack(&native, reduce, first, expand, second, base)
    }
  }

  /// Refuses packed weights that are too short.
  func check(_ packed: ConstantBytes) throws {
    var native = native(batch: 1)
    guard channels > 0, squeezed > 0, packed.byteCount >= apus_squeeze_excite_packed_bytes(&native) else {
      throw ApusError(
        .invalidModel,
        Problem(.engineDamaged, "a squeeze-and-excitation layer's weights do not fit its sizes"))
    }
  }
}

/// Bytes rounded up to whole cache lines.
func cacheLines(_ bytes: Int) -> Int { (bytes + 63) / 64 * 64 }
