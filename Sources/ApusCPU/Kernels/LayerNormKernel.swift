import ApusCore
public import ApusEngine
import CApusKernels

/// Normalizes each row by its mean and deviation, or by its root mean square.
///
/// Constants: FP32 scale of one row, then the shift when there is one. Further outputs are FP32 statistics.
public struct LayerNormKernel: CPUKernel {
  public struct Parameters: Codable, Sendable {
    /// First normalized axis.
    public var axis: Int
    public var epsilon: Double
    public var rms: Bool
    public var hasShift: Bool

    public init(axis: Int, epsilon: Double, rms: Bool, hasShift: Bool) {
      self.axis = axis
      self.epsilon = epsilon
      self.rms = rms
      self.hasShift = hasShift
    }
  }

  public static let kind = "cpu.layer-norm"
  private let parameters: Parameters
  private let scale: ConstantBytes
  private let shift: ConstantBytes

  public init(_ parameters: Parameters, constants: [UnsafeRawBufferPointer]) {
    self.parameters = parameters
    scale = ConstantBytes(constants.first)
    shift = ConstantBytes(parameters.hasShift ? constants.last : nil)
  }

  public func prepare(_ context: PrepareContext) throws -> PreparedKernel {
    let (input, output) = (try context.input(0), try context.output(0))
    let axis = try normalizedAxis(parameters.axis, rank: input.shape.count)
    var native = apus_layer_norm()
    native.rows = input.shape[..<axis].reduce(1, *)
    native.count = input.shape[axis...].reduce(1, *)
    native.rms = parameters.rms
    native.epsilon = Float(parameters.epsilon)
    native.in_type = input.dtype.native
    native.out_type = output.dtype.native
    guard scale.byteCount >= native.count * 4, shift.base == nil || shift.byteCount >= native.count * 4 else {
      throw ApusError(.invalidModel, Problem(.engineDamaged, "a normalization's scale does not fit its rows"))
    }
    let factors = scale.base?.assumingMemoryBound(to: Float.self)
    let addends = shift.base?.assumingMemoryBound(to: Float.self)
    func isPresent(_ index: Int) -> Bool { index < context.outputs.count && context.outputs[index] != nil }
    let means = !parameters.rms && isPresent(1) ? 1 : nil
    let inverses = parameters.rms ? (isPresent(1) ? 1 : nil) : (isPresent(2) ? 2 : nil)
    return PreparedKernel { [native] frame in
      withUnsafePointer(to: native) {
        apus_layer_norm_run(
          $0, frame.input(0), factors, addends, frame.output(0),
          means.flatMap { frame.output($0) }?.assumingMemoryBound(to: Float.self),
          inverses.flatMap { frame.output($0) }?.assumingMemoryBound(to: Float.self), frame.pool)
      }
    }
  }
}
