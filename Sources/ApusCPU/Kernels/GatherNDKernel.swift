import ApusCore
public import ApusEngine
public import ApusOperators
import CApusKernels

/// Slices of the data chosen by tuples of indices.
public struct GatherNDKernel: CPUKernel {
  public struct Parameters: Codable, Sendable {
    public var op: GatherND

    public init(op: GatherND) { self.op = op }
  }

  public static let kind = "cpu.gather.nd"
  private let parameters: Parameters

  public init(_ parameters: Parameters, constants: [UnsafeRawBufferPointer]) { self.parameters = parameters }

  public func prepare(_ context: PrepareContext) throws -> PreparedKernel {
    let (data, indices) = (try context.input(0), try context.input(1))
    let batchDims = parameters.op.batchDims
    let native = try IndexedSlices.native(data, indices, batchDims: batchDims)
    let extents = Array(data.shape[batchDims..<batchDims + Int(native.tuple)])
    return PreparedKernel { frame in
      let bad = withUnsafePointer(to: native) {
        apus_gather_tuples($0, frame.input(0), frame.input(1), frame.output(0), frame.pool)
      }
      guard bad < 0 else {
        throw IndexFailure.outside(
          frame.input(1), indices.dtype, bad, extent: extents[bad % extents.count], operator: GatherND.name)
      }
    }
  }
}
