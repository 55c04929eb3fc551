import ApusCore
import ApusTestSupport
import Testing

@Suite(.enabled(if: EmulatedImages.isAvailable, "no C++ compiler"))
struct PackedAttentionTests {
  /// Sizes that the tensor cores do not take: the host has none.
  @Test(arguments: [DType.f32, .f16, .bf16]) func queryKeyAndValueSideBySide(_ dtype: DType) throws {
    try checkEmulated(
      "cuda.attention", packedAttentionCases(dtype, sizes: dtype == .f32 ? [16, 10] : [12, 7]))
  }
}
