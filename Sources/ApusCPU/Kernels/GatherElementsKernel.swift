import ApusCore
public import ApusEngine
public import ApusOperators
import CApusKernels

/// One element of the data for each index.
public struct GatherElementsKernel: CPUKernel {
  public struct Parameters: Codable, Sendable {
    public var op: GatherElements

    public init(op: GatherElements) { self.op = op }
  }

  public static let kind = "cpu.gather.elements"
  private let parameters: Parameters

  public init(_ parameters: Parameters, constants: [UnsafeRawBufferPointer]) { self.parameters = parameters }

  public func prepare(_ context: PrepareContext) throws -> PreparedKernel {
    let (data, indices) = (try context.input(0), try context.input(1))
    let native = try IndexedElements.native(data, indices, axis: parameters.op.axis)
    let extent = data.shape[Int(native.axis)]
    return PreparedKernel { frame in
      let bad = withUnsafePointer(to: native) {
        apus_gather_elements($0, frame.input(0), frame.input(1), frame.output(0), frame.pool)
      }
      guard bad < 0 else {
        throw IndexFailure.outside(
          frame.input(1), indices.dtype, bad, extent: extent, operator: GatherElements.name)
      }
    }
  }
}
