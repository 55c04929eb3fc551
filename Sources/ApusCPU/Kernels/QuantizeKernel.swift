import ApusCore
public import ApusEngine
import CApusKernels

/// FP32 to narrow integers and back. Inputs: the tensor, scales, optional zero points.
public struct QuantizeKernel: CPUKernel {
  public struct Parameters: Codable, Sendable {
    public var axis: Int
    /// Places along `axis` that share a scale; 0: one scale, or one a place.
    public var blockSize: Int
    /// Whether narrow integers are read, not written.
    public var dequantizes: Bool

    public init(axis: Int, blockSize: Int, dequantizes: Bool) {
      self.axis = axis
      self.blockSize = blockSize
      self.dequantizes = dequantizes
    }
  }

  public static let kind = "cpu.quantize"
  private let parameters: Parameters

  public init(_ parameters: Parameters, constants: [UnsafeRawBufferPointer]) { self.parameters = parameters }

  public func prepare(_ context: PrepareContext) throws -> PreparedKernel {
    let (input, scale, output) = (try context.input(0), try context.input(1), try context.output(0))
    let zeros = context.inputs.count > 2 ? context.inputs[2] : nil
    guard zeros.map({ $0.elementCount == scale.elementCount }) ?? true else {
      throw IndexFailure.shapes("\(scale.elementCount) scales but \(zeros?.elementCount ?? 0) zero points")
    }
    let dequantizes = parameters.dequantizes
    let layout = try layout(input.shape, scale.shape, dequantizes ? input.dtype : output.dtype)
    return PreparedKernel { frame in
      let (scales, zero) = (
        frame.input(1)?.assumingMemoryBound(to: Float.self), zeros.flatMap { _ in frame.input(2) }
      )
      withUnsafePointer(to: layout) { layout in
        if dequantizes {
          apus_dequantize(
            layout, frame.input(0), scales, zero, frame.output(0)?.assumingMemoryBound(to: Float.self),
            frame.pool)
        } else {
          apus_quantize(
            layout, frame.input(0)?.assumingMemoryBound(to: Float.self), scales, zero, frame.output(0),
            frame.pool)
        }
      }
    }
  }

  private func layout(_ shape: [Int], _ scales: [Int], _ dtype: DType) throws -> apus_quantized {
    var layout = apus_quantized(
      rows: 1, length: shape.elementCount, axis: 1, block: 1, outer_step: 0, block_step: 0, step: 0,
      type: dtype.element)
    if scales.elementCount == 1 { return layout }
    let axis = try normalizedAxis(parameters.axis, rank: shape.count)
    let (outer, size) = (shape[..<axis].reduce(1, *), shape[axis])
    let inner = shape[(axis + 1)...].reduce(1, *)
    let blockSize = parameters.blockSize
    let blocks = blockSize > 0 ? (size + blockSize - 1) / blockSize : size
    guard scales.elementCount == (blockSize > 0 ? outer * blocks * inner : size) else {
      throw IndexFailure.shapes("scales \(scales) do not fit a tensor \(shape)")
    }
    if blockSize == 0, inner == 1 {
      (layout.rows, layout.length, layout.step) = (outer, size, 1)
      return layout
    }
    (layout.rows, layout.length, layout.axis) = (outer * size, inner, max(size, 1))
    (layout.block, layout.block_step) = (1, 1)
    if blockSize > 0 {
      (layout.block, layout.block_step) = (blockSize, inner)
      (layout.outer_step, layout.step) = (blocks * inner, 1)
    }
    return layout
  }
}
