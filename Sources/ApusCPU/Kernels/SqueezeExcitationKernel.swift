import ApusCore
public import ApusEngine
import CApusKernels

/// The gate of a squeeze-and-excitation layer from a channels-last tensor: means of the pixels, then two products.
///
/// Constant: the packed layer.
public struct SqueezeExcitationKernel: CPUKernel {
  public typealias Parameters = SqueezeExciteLayer

  public static let kind = "cpu.squeeze-excitation"
  private let layer: SqueezeExciteLayer
  private let packed: ConstantBytes

  public init(_ parameters: SqueezeExciteLayer, constants: [UnsafeRawBufferPointer]) throws {
    layer = parameters
    packed = ConstantBytes(constants.first)
    try layer.check(packed)
  }

  public func prepare(_ context: PrepareContext) throws -> PreparedKernel {
    let input = try context.input(0)
    let (batch, channels) = (input.shape[0], input.shape[1])
    var pooling = apus_pooling()
    pooling.mode = APUS_POOLING_AVERAGE
    (pooling.batch, pooling.channels) = (batch, channels)
    pooling.in = spatialTriple(Array(input.shape[2...]), 1)
    pooling.kernel = pooling.in
    (pooling.out, pooling.stride, pooling.dilation) = ((1, 1, 1), (1, 1, 1), (1, 1, 1))
    pooling.in_type = input.dtype.native
    pooling.out_type = APUS_F32
    var native = layer.native(batch: batch)
    let means = cacheLines(batch * channels * 4)
    let scratch = means + apus_squeeze_excite_workspace_bytes(&native)
    return PreparedKernel(scratchBytes: scratch) { [pooling, native, packed] frame in
      guard let gate = frame.output(0)?.assumingMemoryBound(to: Float.self),
        let weights = packed.base?.assumingMemoryBound(to: Float.self)
      else { return }
      withUnsafePointer(to: pooling) { apus_pooling_nhwc($0, frame.input(0), frame.scratch, frame.pool) }
      withUnsafePointer(to: native) {
        apus_squeeze_excite_gate(
          $0, frame.scratch.assumingMemoryBound(to: Float.self), weights, gate, frame.scratch + means,
          frame.pool)
      }
    }
  }
}
