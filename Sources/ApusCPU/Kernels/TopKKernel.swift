package import ApusCore
public import ApusEngine
public import ApusOperators
import CApusKernels

/// The largest or smallest elements of lines, in order, and their places.
public struct TopKKernel: CPUKernel {
  public struct Parameters: Codable, Sendable {
    public var op: TopK

    public init(op: TopK) { self.op = op }
  }

  public static let kind = "cpu.topk"
  private let parameters: Parameters

  public init(_ parameters: Parameters, constants: [UnsafeRawBufferPointer]) { self.parameters = parameters }

  public func prepare(_ context: PrepareContext) throws -> PreparedKernel {
    let input = try context.input(0)
    let chosen = try context.outputs.first { $0 != nil } ?? context.output(0)
    let axis = try normalizedAxis(parameters.op.axis, rank: input.shape.count)
    let lines = input.lines(along: axis)
    guard let k = chosen?.shape[axis], k <= lines.size, lines.size <= Int(UInt32.max) else {
      throw IndexFailure.shapes("k is more than the \(lines.size) elements of an axis of \(input.shape)")
    }
    let largest = parameters.op.largest
    let bytes = withUnsafePointer(to: lines) { apus_topk_workspace_bytes($0, Int32(context.threads)) }
    return PreparedKernel(scratchBytes: bytes) { frame in
      withUnsafePointer(to: lines) {
        apus_topk(
          $0, k, largest, frame.input(0), frame.output(0),
          frame.output(1)?.assumingMemoryBound(to: Int64.self), frame.scratch, frame.pool)
      }
    }
  }

  package static func takes(_ dtype: DType) -> Bool {
    dtype.hasElementCode && apus_order_takes(dtype.element)
  }
}
