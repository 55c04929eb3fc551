import ApusCore
public import ApusEngine
public import ApusOperators
import CApusKernels

/// Softmax or its logarithm along one axis, or along the channels of a channels-last tensor.
public struct SoftmaxKernel: CPUKernel {
  public struct Parameters: Codable, Sendable {
    public var softmax: Softmax
    public var logarithm: Bool

    public init(softmax: Softmax, logarithm: Bool) {
      self.softmax = softmax
      self.logarithm = logarithm
    }
  }

  public static let kind = "cpu.softmax"
  private let parameters: Parameters

  public init(_ parameters: Parameters, constants: [UnsafeRawBufferPointer]) { self.parameters = parameters }

  public func prepare(_ context: PrepareContext) throws -> PreparedKernel {
    let (input, output) = (try context.input(0), try context.output(0))
    let lines = try parameters.softmax.lines(input.shape)
    var native = apus_softmax()
    (native.outer, native.count, native.inner) = lines
    if input.layout == .channelsLast, input.shape.count > 2 {
      // Only offered along the channels.
      (native.outer, native.inner) = (lines.outer * lines.inner, 1)
    }
    native.logarithm = parameters.logarithm
    native.in_type = input.dtype.native
    native.out_type = output.dtype.native
    return PreparedKernel { [native] frame in
      withUnsafePointer(to: native) { apus_softmax_run($0, frame.input(0), frame.output(0), frame.pool) }
    }
  }
}
