import ApusCore
public import ApusEngine
public import ApusOperators
import CApusKernels

/// The upper or lower triangle of matrices.
public struct TriluKernel: CPUKernel {
  public struct Parameters: Codable, Sendable {
    public var op: Trilu

    public init(op: Trilu) { self.op = op }
  }

  public static let kind = "cpu.trilu"
  private let parameters: Parameters

  public init(_ parameters: Parameters, constants: [UnsafeRawBufferPointer]) { self.parameters = parameters }

  public func prepare(_ context: PrepareContext) throws -> PreparedKernel {
    let input = try context.input(0)
    let rank = input.shape.count
    guard rank >= 2 else { throw IndexFailure.shapes("a triangle needs two axes, not \(rank)") }
    let (rows, columns) = (input.shape[rank - 2], input.shape[rank - 1])
    let matrices = input.shape.dropLast(2).reduce(1, *)
    let (bytes, upper) = (input.dtype.bitWidth / 8, parameters.op.upper)
    let hasShift = context.inputs.count > 1 && context.inputs[1]?.elementCount ?? 0 > 0
    return PreparedKernel { frame in
      let shift = hasShift ? frame.input(1).map { Int($0.loadUnaligned(as: Int64.self)) } ?? 0 : 0
      apus_triangle(
        matrices, rows, columns, bytes, upper, shift, frame.input(0), frame.output(0), frame.pool)
    }
  }
}
