public import ApusCore
public import ApusEngine
public import ApusOperators
import CApusKernels

/// Transposed convolution on channels-last tensors.
///
/// Constants: packed weights, then the FP32 bias when there is one.
public struct ConvTransposeKernel: CPUKernel {
  public struct Parameters: Codable, Sendable {
    public var conv: ConvTranspose
    public var weightShape: [Int]
    /// Element type of products and packed weights.
    public var type: DType
    public var hasBias: Bool

    public init(conv: ConvTranspose, weightShape: [Int], type: DType, hasBias: Bool) {
      self.conv = conv
      self.weightShape = weightShape
      self.type = type
      self.hasBias = hasBias
    }
  }

  public static let kind = "cpu.conv.transpose"
  private let parameters: Parameters
  private let packed: ConstantBytes
  private let bias: ConstantBytes

  public init(_ parameters: Parameters, constants: [UnsafeRawBufferPointer]) throws {
    self.parameters = parameters
    packed = ConstantBytes(constants.first)
    bias = ConstantBytes(parameters.hasBias ? constants.last : nil)
    var native = try parameters.native(input: nil, inType: parameters.type, outType: parameters.type)
    guard packed.byteCount >= apus_conv_transpose_packed_bytes(&native) else {
      throw ApusError(
        .invalidModel, Problem(.engineDamaged, "a transposed convolution's weights do not fit its sizes"))
    }
  }

  public func prepare(_ context: PrepareContext) throws -> PreparedKernel {
    let (input, output) = (try context.input(0), try context.output(0))
    var native = try parameters.native(input: input.shape, inType: input.dtype, outType: output.dtype)
    guard apus_conv_transpose_valid(&native) else {
      throw ApusError(
        .internal, Problem(.internalError, "a transposed convolution of \(input.shape) has no kernel"))
    }
    var epilogue = EpilogueParameters(activation: parameters.conv.activation).native()
    epilogue.bias = bias.base?.assumingMemoryBound(to: Float.self)
    let scratch = apus_conv_transpose_workspace_bytes(&native, Int32(context.threads))
    return PreparedKernel(scratchBytes: scratch) { [native, epilogue, packed] frame in
      var epilogue = epilogue
      withUnsafePointer(to: native) {
        apus_conv_transpose_nhwc(
          $0, frame.input(0), packed.base, nil, &epilogue, frame.output(0), frame.scratch, frame.pool)
      }
    }
  }
}

extension ConvTransposeKernel.Parameters {
  /// FP32 weights in the kernel's order.
  public func pack(_ weights: [Float]) throws -> Tensor {
    var native = try native(input: nil, inType: type, outType: type)
    return Tensor(.u8, [apus_conv_transpose_packed_bytes(&native)]) { target in
      apus_conv_transpose_pack(&native, weights, target.baseAddress)
    }
  }

  /// The C description; without an input shape, only what packing looks at is set.
  func native(input: [Int]?, inType: DType, outType: DType) throws -> apus_conv {
    let shape = input ?? [1, weightShape[0]] + weightShape[2...].map { max(1, $0) * 8 }
    // The geometry is that of the convolution transposed here: its output is our input.
    let geometry = try conv.geometry(shape, weightShape)
    var native = apus_conv()
    native.batch = geometry.batch
    native.groups = geometry.groups
    native.in_channels = geometry.outChannels * geometry.groups
    native.out_channels = geometry.inChannels * geometry.groups
    native.in = spatialTriple(geometry.output, 1)
    native.out = spatialTriple(geometry.input, 1)
    native.kernel = spatialTriple(geometry.kernel, 1)
    native.stride = spatialTriple(geometry.strides, 1)
    native.dilation = spatialTriple(geometry.dilations, 1)
    native.pad = spatialTriple(geometry.begins, 0)
    native.type = type.native
    native.in_type = inType.native
    native.out_type = outType.native
    return native
  }
}
