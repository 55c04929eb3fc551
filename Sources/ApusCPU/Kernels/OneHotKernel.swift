import ApusCore
public import ApusEngine
public import ApusOperators
import CApusKernels

/// Vectors that hold one value at an index and another elsewhere.
public struct OneHotKernel: CPUKernel {
  public struct Parameters: Codable, Sendable {
    public var op: OneHot

    public init(op: OneHot) { self.op = op }
  }

  public static let kind = "cpu.onehot"
  private let parameters: Parameters

  public init(_ parameters: Parameters, constants: [UnsafeRawBufferPointer]) { self.parameters = parameters }

  public func prepare(_ context: PrepareContext) throws -> PreparedKernel {
    let (indices, values, output) = (try context.input(0), try context.input(2), try context.output(0))
    let axis = try normalizedAxis(parameters.op.axis, rank: output.shape.count)
    let outer = output.shape[..<axis].reduce(1, *)
    let inner = output.shape[(axis + 1)...].reduce(1, *)
    guard outer * inner == indices.elementCount, values.elementCount == 2 else {
      throw IndexFailure.shapes("indices \(indices.shape) and values \(values.shape) do not fit")
    }
    let (depth, bytes) = (output.shape[axis], Int32(output.dtype.bitWidth / 8))
    return PreparedKernel { frame in
      apus_one_hot(
        outer, depth, inner, bytes, indices.dtype.element, frame.input(0), frame.input(2), frame.output(0),
        frame.pool)
    }
  }
}
