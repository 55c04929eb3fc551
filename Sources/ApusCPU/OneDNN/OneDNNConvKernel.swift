public import ApusCore
public import ApusEngine
import ApusOperators
import CApusDrivers

/// Convolution by oneDNN on channels-last tensors; by our own kernel where the library is not there.
///
/// Constants: weights as oneDNN placed them, then the FP32 bias when there is one. Input 3 is the residual.
public struct OneDNNConvKernel: CPUKernel {
  public struct Parameters: Codable, Sendable {
    public var conv: ConvKernel.Parameters
    public var weights: OneDNNLayout
  }

  private struct Key: Hashable {
    var input: TensorDescriptor
    var output: TensorDescriptor
    var hasResidual: Bool
    var threads: Int
  }

  public static let kind = "cpu.onednn.conv"
  private let parameters: ConvKernel.Parameters
  private let weights: OneDNNWeights
  private let bias: ConstantBytes
  private let primitives = OneDNNPrimitives<Key>()
  private let fallback: Fallback?

  public init(_ parameters: Parameters, constants: [UnsafeRawBufferPointer]) throws {
    self.parameters = parameters.conv
    bias = ConstantBytes(parameters.conv.hasBias ? constants.last : nil)
    weights = try OneDNNWeights(
      ConstantBytes(constants.first), parameters.weights, parameters.conv.type,
      dims: parameters.conv.oneDNNWeightDims)
    fallback =
      OneDNNLibrary.shared == nil
      ? try Fallback(parameters.conv, weights.plain(), bias: parameters.conv.hasBias ? constants.last : nil)
      : nil
  }

  public func prepare(_ context: PrepareContext) throws -> PreparedKernel {
    guard let library = OneDNNLibrary.shared else {
      guard let fallback else { throw ApusError(.internal, Problem(.internalError, "oneDNN went away")) }
      return try fallback.kernel.prepare(context)
    }
    let (input, output) = (try context.input(0), try context.output(0))
    let hasResidual = context.inputs.count > 3 && context.inputs[3] != nil
    let key = Key(input: input, output: output, hasResidual: hasResidual, threads: context.threads)
    let primitive = try primitives.primitive(key) {
      try parameters.oneDNNPrimitive(
        library, input: input.shape, output: output.shape, type: input.dtype, addsOutput: hasResidual,
        threads: context.threads)
    }
    let (packed, owner) = try weights.bytes(for: primitive)
    var arguments = [APUS_ONEDNN_SOURCE, APUS_ONEDNN_WEIGHTS, APUS_ONEDNN_DESTINATION]
    if parameters.hasBias { arguments.append(APUS_ONEDNN_BIAS) }
    let call = try OneDNNCall(primitive, arguments)
    call.set(1, packed)
    if parameters.hasBias { call.set(3, bias.base) }
    let byteCount = output.byteCount
    return PreparedKernel(scratchBytes: primitive.scratchBytes) { frame in
      guard let target = frame.output(0) else { return }
      if hasResidual, let residual = frame.input(3), residual != UnsafeRawPointer(target) {
        target.copyMemory(from: residual, byteCount: byteCount)
      }
      call.set(0, frame.input(0))
      call.set(2, target)
      try withExtendedLifetime(owner) { try call.run(scratch: frame.scratch, pool: frame.pool) }
    }
  }

  /// Our own kernel with weights packed for it.
  private struct Fallback {
    let kernel: any Kernel
    private let packed: Tensor

    init(_ parameters: ConvKernel.Parameters, _ weights: Tensor, bias: UnsafeRawBufferPointer?) throws {
      let floats = weights.doubles().map { Float($0) }
      let shape = parameters.weightShape
      let depthwise = shape[1] == 1 && shape[0] == parameters.conv.group && (3...4).contains(shape.count)
      func constants(_ packed: Tensor) -> [UnsafeRawBufferPointer] {
        let bytes = UnsafeRawBufferPointer(
          start: packed.storage.base + packed.byteOffset, count: packed.byteCount)
        return [bytes] + (bias.map { [$0] } ?? [])
      }
      if depthwise {
        let own = DepthwiseConvKernel.Parameters(
          conv: parameters.conv, weightShape: shape, hasBias: parameters.hasBias)
        packed = own.pack(floats)
        kernel = try DepthwiseConvKernel(own, constants: constants(packed))
      } else {
        packed = try parameters.pack(floats)
        kernel = try ConvKernel(parameters, constants: constants(packed))
      }
    }
  }
}

extension ConvKernel.Parameters {
  /// Weights as oneDNN counts them: groups are an axis of their own.
  var oneDNNWeightDims: [Int] {
    conv.group == 1
      ? weightShape
      : [conv.group, weightShape[0] / conv.group, weightShape[1]] + weightShape[2...]
  }

  /// The record's parameters and the packed weights, chosen for an input of a shape; throws where oneDNN has no
  /// kernel.
  public func oneDNN(_ weights: Tensor, input: [Int], threads: Int) throws -> (
    OneDNNConvKernel.Parameters, Tensor
  ) {
    guard let library = OneDNNLibrary.shared else {
      throw ApusError(.resources, Problem(.internalError, "oneDNN is not there"))
    }
    let geometry = try conv.geometry(input, weightShape)
    let primitive = try oneDNNPrimitive(
      library, input: input, output: [input[0], weightShape[0]] + geometry.output, type: type,
      addsOutput: false, threads: threads)
    let memory = try primitive.memory(APUS_ONEDNN_WEIGHTS)
    guard let layout = OneDNNLayout(library, memory) else {
      throw ApusError(.internal, Problem(.internalError, "oneDNN keeps its weights in a private placement"))
    }
    let packed = try OneDNNWeights.pack(weights.reshaped(oneDNNWeightDims), as: memory, library)
    return (OneDNNConvKernel.Parameters(conv: self, weights: layout), packed)
  }

  fileprivate func oneDNNPrimitive(
    _ library: OneDNNLibrary, input: [Int], output: [Int], type: DType, addsOutput: Bool, threads: Int
  ) throws -> OneDNNPrimitive {
    let geometry = try conv.geometry(input, weightShape)
    let source = try OneDNNMemory(library, (type, input), channelsLast: true)
    let target = try OneDNNMemory(library, (type, output), channelsLast: true)
    let weights = try OneDNNMemory(any: library, self.type, oneDNNWeightDims)
    let bias = hasBias ? try OneDNNMemory(library, .f32, [output[1]]) : nil
    var window = apus_onednn_window()
    window.rank = Int32(geometry.kernel.count)
    let ends = geometry.input.indices.map {
      (geometry.output[$0] - 1) * geometry.strides[$0] + (geometry.kernel[$0] - 1) * geometry.dilations[$0]
        + 1
        - geometry.input[$0] - geometry.begins[$0]
    }
    window.kernel = leading(geometry.kernel)
    window.strides = leading(geometry.strides)
    window.dilations = leading(geometry.dilations)
    window.padding_begin = leading(geometry.begins)
    window.padding_end = leading(ends)
    return try OneDNNPrimitive(
      library, threads: threads, postOps: oneDNNPostOps(conv.activation, addsOutput: addsOutput),
      "convolution"
    ) { library, attributes, made in
      apus_onednn_convolution_create(
        library, source.handle, weights.handle, bias?.handle, target.handle, &window, attributes, made)
    }
  }

  private func leading(_ sizes: [Int]) -> (Int64, Int64, Int64) {
    func size(_ index: Int) -> Int64 { index < sizes.count ? Int64(sizes[index]) : 0 }
    return (size(0), size(1), size(2))
  }
}
