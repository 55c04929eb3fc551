import ApusCore
public import ApusEngine
public import ApusOperators
import CApusKernels

/// The data with slices put, or reduced, at tuples of indices.
public struct ScatterNDKernel: CPUKernel {
  public struct Parameters: Codable, Sendable {
    public var op: ScatterND

    public init(op: ScatterND) { self.op = op }
  }

  public static let kind = "cpu.scatter.nd"
  private let parameters: Parameters

  public init(_ parameters: Parameters, constants: [UnsafeRawBufferPointer]) { self.parameters = parameters }

  public func prepare(_ context: PrepareContext) throws -> PreparedKernel {
    let (data, indices, updates) = (try context.input(0), try context.input(1), try context.input(2))
    let native = try IndexedSlices.native(data, indices)
    let tuple = Int(native.tuple)
    guard updates.shape == Array(indices.shape.dropLast()) + Array(data.shape[tuple...]) else {
      throw IndexFailure.shapes(
        "updates \(updates.shape) do not fit data \(data.shape) and indices \(indices.shape)")
    }
    let (extents, reduction) = (Array(data.shape[..<tuple]), parameters.op.reduction.native)
    return PreparedKernel { frame in
      let bad = withUnsafePointer(to: native) {
        apus_scatter_tuples(
          $0, reduction, data.dtype.element, frame.input(0), frame.input(1), frame.input(2), frame.output(0),
          frame.pool)
      }
      guard bad < 0 else {
        throw IndexFailure.outside(
          frame.input(1), indices.dtype, bad, extent: extents[bad % extents.count], operator: ScatterND.name)
      }
    }
  }
}
