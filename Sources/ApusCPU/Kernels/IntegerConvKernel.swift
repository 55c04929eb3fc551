import ApusCore
public import ApusEngine
public import ApusOperators
import CApusKernels

/// Convolution of 8-bit tensors, summed in I32, and brought back to 8 bits where the result has a scale.
///
/// Inputs of sums: x, w, zero points of x and of w. Inputs of 8-bit results: x, its scale and zero point, w, its scales
/// and zero points, scale and zero point of the result, optional I32 bias.
public struct IntegerConvKernel: CPUKernel {
  public struct Parameters: Codable, Sendable {
    public var conv: Conv
    public var requantizes: Bool

    public init(conv: Conv, requantizes: Bool) {
      self.conv = conv
      self.requantizes = requantizes
    }
  }

  public static let kind = "cpu.conv.integer"
  private let parameters: Parameters

  public init(_ parameters: Parameters, constants: [UnsafeRawBufferPointer]) { self.parameters = parameters }

  public func prepare(_ context: PrepareContext) throws -> PreparedKernel {
    let requantizes = parameters.requantizes
    let (weight, zeroX, zeroW) = requantizes ? (3, 2, 5) : (1, 2, 3)
    let (x, w, output) = (try context.input(0), try context.input(weight), try context.output(0))
    let zeros = { (index: Int) in index < context.inputs.count ? context.inputs[index] : nil }
    let conv = try native(x, w, zeros(zeroW))
    let channels = w.shape[0]
    let scaleCount = requantizes ? try context.input(4).elementCount : 1
    let hasBias = requantizes && zeros(8) != nil
    guard scaleCount == 1 || scaleCount == channels, !hasBias || zeros(8)?.elementCount == channels else {
      throw IndexFailure.shapes("scales or bias do not fit \(channels) channels")
    }
    let workspace = withUnsafePointer(to: conv) { apus_integer_conv_workspace_bytes($0) }
    let scales = workspace.roundedUp(to: 64)
    let start = scales + (scaleCount * 8).roundedUp(to: 64)
    let (hasX, hasW) = (zeros(zeroX) != nil, zeros(zeroW) != nil)
    let plane = output.shape[2...].reduce(1, *)
    return PreparedKernel(scratchBytes: start + (requantizes ? output.elementCount * 4 : 0)) { frame in
      guard let target = requantizes ? frame.scratch + start : frame.output(0) else { return }
      let sums = target.assumingMemoryBound(to: Int32.self)
      withUnsafePointer(to: conv) {
        apus_integer_conv_run(
          $0, frame.input(0), frame.input(weight), hasX ? frame.input(zeroX) : nil,
          hasW ? frame.input(zeroW) : nil, sums, frame.scratch, frame.pool)
      }
      guard requantizes, let given = frame.input(4) else { return }
      let factors = (frame.scratch + scales).assumingMemoryBound(to: Double.self)
      for index in 0..<scaleCount {
        let scale = Double(given.loadUnaligned(fromByteOffset: index * 4, as: Float.self))
        factors[index] = frame.float(1) * scale / frame.float(6)
      }
      apus_requantize(
        sums, output.shape[0], channels, plane,
        hasBias ? frame.input(8)?.assumingMemoryBound(to: Int32.self) : nil, factors, scaleCount == 1 ? 0 : 1,
        frame.zeroPoint(7, output.dtype), output.dtype.element, frame.output(0), frame.pool)
    }
  }

  private func native(_ x: TensorDescriptor, _ w: TensorDescriptor, _ zeros: TensorDescriptor?) throws
    -> apus_integer_conv
  {
    let geometry = try parameters.conv.geometry(x.shape, w.shape)
    let count = zeros?.elementCount ?? 1
    guard geometry.input.count <= 3, count == 1 || count == w.shape[0] else {
      throw IndexFailure.shapes("\(count) zero points for weights \(w.shape)")
    }
    var native = apus_integer_conv()
    (native.batch, native.groups) = (geometry.batch, geometry.groups)
    (native.in_channels, native.out_channels) = (geometry.inChannels, geometry.outChannels)
    native.in = spatialTriple(geometry.input, 1)
    native.out = spatialTriple(geometry.output, 1)
    native.kernel = spatialTriple(geometry.kernel, 1)
    native.stride = spatialTriple(geometry.strides, 1)
    native.dilation = spatialTriple(geometry.dilations, 1)
    native.pad = spatialTriple(geometry.begins, 0)
    (native.in_type, native.weight_type) = (x.dtype.element, w.dtype.element)
    native.zero_channels = count != 1
    return native
  }
}
