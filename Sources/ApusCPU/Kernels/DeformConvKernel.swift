import ApusCore
public import ApusEngine
public import ApusOperators
import CApusKernels

/// Deformable convolution of pictures, in FP32.
public struct DeformConvKernel: CPUKernel {
  public struct Parameters: Codable, Sendable {
    public var conv: DeformConv
    /// Positions of x, weight, offset, bias and mask among the inputs.
    public var order: [Int]

    public init(_ conv: DeformConv, order: [Int]) {
      self.conv = conv
      self.order = order
    }
  }

  public static let kind = "cpu.deform_conv"
  private let parameters: Parameters

  public init(_ parameters: Parameters, constants: [UnsafeRawBufferPointer]) { self.parameters = parameters }

  public func prepare(_ context: PrepareContext) throws -> PreparedKernel {
    let (conv, order) = (parameters.conv, parameters.order)
    let (x, weight) = (try context.input(order[0]).shape, try context.input(order[1]).shape)
    let geometry = try conv.geometry(x, weight)
    let (taps, groups) = (geometry.kernel.reduce(1, *), conv.offsetGroup)
    func shape(_ position: Int) -> [Int]? {
      order[position] < context.inputs.count ? context.inputs[order[position]]?.shape : nil
    }
    guard weight[1] * conv.group == x[1], weight[0] % conv.group == 0, x[1] % groups == 0,
      shape(2) == [x[0], 2 * groups * taps] + geometry.output,
      [nil, [x[0], groups * taps] + geometry.output].contains(shape(4)),
      [nil, [weight[0]]].contains(shape(3))
    else {
      throw ApusError(
        .invalidInput,
        Problem(
          .shapeMismatch, "x \(x), weight \(weight), offset, mask and bias do not fit",
          operator: DeformConv.name))
    }
    var native = apus_deform_conv()
    (native.batch, native.channels, native.height, native.width) = (x[0], x[1], x[2], x[3])
    native.out_channels = weight[0]
    (native.out_height, native.out_width) = (geometry.output[0], geometry.output[1])
    (native.kernel_y, native.kernel_x) = (geometry.kernel[0], geometry.kernel[1])
    (native.stride_y, native.stride_x) = (geometry.strides[0], geometry.strides[1])
    (native.pad_y, native.pad_x) = (geometry.begins[0], geometry.begins[1])
    (native.dilation_y, native.dilation_x) = (geometry.dilations[0], geometry.dilations[1])
    (native.groups, native.offset_groups) = (conv.group, groups)
    let bytes = apus_deform_conv_workspace_bytes(&native, Int32(context.threads))
    let present = order.indices.map { shape($0) != nil }
    return PreparedKernel(scratchBytes: bytes) { [native] frame in
      withUnsafePointer(to: native) {
        apus_deform_conv_run(
          $0, frame.floats(order[0]), frame.floats(order[1]), frame.floats(order[2]),
          present[4] ? frame.floats(order[4]) : nil, present[3] ? frame.floats(order[3]) : nil,
          frame.floatOutput(0), frame.scratch, frame.pool)
      }
    }
  }
}
