import ApusCore
public import ApusEngine
public import ApusOperators
import CApusKernels

/// Largest element or mean of each window, or of all pixels, on channels-last tensors.
public struct PoolingKernel: CPUKernel {
  public struct Parameters: Codable, Sendable {
    public var max: MaxPool?
    public var average: AveragePool?
    /// Without a window: the maximum of all pixels instead of the mean.
    public var globalMaximum = false

    public init(_ pool: MaxPool) { max = pool }
    public init(_ pool: AveragePool) { average = pool }
    public init(globalMaximum: Bool) { self.globalMaximum = globalMaximum }
  }

  public static let kind = "cpu.pooling"
  private let parameters: Parameters

  public init(_ parameters: Parameters, constants: [UnsafeRawBufferPointer]) { self.parameters = parameters }

  public func prepare(_ context: PrepareContext) throws -> PreparedKernel {
    let (input, output) = (try context.input(0), try context.output(0))
    guard (3...5).contains(input.shape.count) else {
      throw ApusError(
        .internal, Problem(.internalError, "pooling of rank \(input.shape.count) has no kernel"))
    }
    var native = apus_pooling()
    native.mode = parameters.max != nil || parameters.globalMaximum ? APUS_POOLING_MAX : APUS_POOLING_AVERAGE
    native.batch = input.shape[0]
    native.channels = input.shape[1]
    native.in_type = input.dtype.native
    native.out_type = output.dtype.native
    native.count_padding = parameters.average?.countIncludePad ?? false
    native.stride = (1, 1, 1)
    native.dilation = (1, 1, 1)
    native.in = spatialTriple(Array(input.shape[2...]), 1)
    native.kernel = native.in
    native.out = (1, 1, 1)
    if let geometry = try parameters.max?.geometry(input.shape) ?? parameters.average?.geometry(input.shape) {
      native.out = spatialTriple(geometry.output, 1)
      native.kernel = spatialTriple(geometry.kernel, 1)
      native.stride = spatialTriple(geometry.strides, 1)
      native.dilation = spatialTriple(geometry.dilations, 1)
      native.pad = spatialTriple(geometry.begins, 0)
      native.pad_end = spatialTriple(geometry.ends, 0)
    }
    return PreparedKernel { [native] frame in
      withUnsafePointer(to: native) { apus_pooling_nhwc($0, frame.input(0), frame.output(0), frame.pool) }
    }
  }
}
