import ApusCore
public import ApusEngine
import ApusOperators
import CApusKernels

/// Depthwise convolution on channels-last tensors that sums up its result, and the gate of the
/// squeeze-and-excitation layer behind it.
///
/// Constants: packed weights, the FP32 bias when there is one, the packed layer. Outputs: result and FP32 gate.
public struct DepthwiseSqueezeExcitationKernel: CPUKernel {
  public struct Parameters: Codable, Sendable {
    public var conv: DepthwiseConvKernel.Parameters
    public var layer: SqueezeExciteLayer

    public init(conv: DepthwiseConvKernel.Parameters, layer: SqueezeExciteLayer) {
      self.conv = conv
      self.layer = layer
    }
  }

  public static let kind = "cpu.conv.depthwise-squeeze-excitation"
  private let parameters: Parameters
  private let packed: ConstantBytes
  private let bias: ConstantBytes
  private let layer: ConstantBytes

  public init(_ parameters: Parameters, constants: [UnsafeRawBufferPointer]) throws {
    self.parameters = parameters
    packed = ConstantBytes(constants.first)
    bias = ConstantBytes(parameters.conv.hasBias && constants.count > 2 ? constants[1] : nil)
    layer = ConstantBytes(constants.last)
    try parameters.conv.check(packed)
    try parameters.layer.check(layer)
    guard parameters.layer.channels == parameters.conv.weightShape[0] else {
      throw ApusError(
        .invalidModel,
        Problem(.engineDamaged, "a squeeze-and-excitation layer has other channels than its Conv"))
    }
  }

  public func prepare(_ context: PrepareContext) throws -> PreparedKernel {
    let output = try context.output(0)
    var native = try parameters.conv.native(try context.input(0), output)
    var epilogue = EpilogueParameters(activation: parameters.conv.conv.activation).native()
    epilogue.bias = bias.base?.assumingMemoryBound(to: Float.self)
    let weights = packed.base?.assumingMemoryBound(to: Float.self)
    let layerWeights = layer.base?.assumingMemoryBound(to: Float.self)
    let (batch, channels) = (output.shape[0], output.shape[1])
    let factor = 1 / Float(max(1, output.shape[2...].reduce(1, *)))
    var gate = parameters.layer.native(batch: batch)
    let sumBytes = cacheLines(batch * channels * 4)
    let convBytes = apus_depthwise_workspace_bytes(&native, Int32(context.threads))
    let scratch = sumBytes + max(convBytes, apus_squeeze_excite_workspace_bytes(&gate))
    return PreparedKernel(scratchBytes: scratch) { [native, epilogue, gate] frame in
      var epilogue = epilogue
      let sums = frame.scratch.assumingMemoryBound(to: Float.self)
      let rest = frame.scratch + sumBytes
      withUnsafePointer(to: native) {
        apus_depthwise_nhwc($0, frame.input(0), weights, &epilogue, frame.output(0), sums, rest, frame.pool)
      }
      for index in 0..<batch * channels { sums[index] *= factor }
      guard let target = frame.output(1)?.assumingMemoryBound(to: Float.self), let layerWeights else {
        return
      }
      withUnsafePointer(to: gate) {
        apus_squeeze_excite_gate($0, sums, layerWeights, target, rest, frame.pool)
      }
    }
  }
}
