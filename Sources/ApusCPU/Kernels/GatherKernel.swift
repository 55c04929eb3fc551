import ApusCore
public import ApusEngine
import CApusKernels

/// Slices of a tensor along one axis, chosen by indices that are computed.
public struct GatherKernel: CPUKernel {
  public struct Parameters: Codable, Sendable {
    public var axis: Int

    public init(axis: Int) { self.axis = axis }
  }

  public static let kind = "cpu.gather"
  private let parameters: Parameters

  public init(_ parameters: Parameters, constants: [UnsafeRawBufferPointer]) { self.parameters = parameters }

  public func prepare(_ context: PrepareContext) throws -> PreparedKernel {
    let (data, indices) = (try context.input(0), try context.input(1))
    let axis = try normalizedAxis(parameters.axis, rank: data.shape.count)
    let outer = data.shape[..<axis].reduce(1, *)
    let size = data.shape[axis]
    let inner = data.dtype.byteCount(data.shape[(axis + 1)...].reduce(1, *))
    let count = indices.elementCount
    let wide = indices.dtype == .i64
    return PreparedKernel { frame in
      guard let from = frame.input(0), let chosen = frame.input(1), let to = frame.output(0) else { return }
      for place in 0..<count {
        let given =
          wide
          ? Int(chosen.loadUnaligned(fromByteOffset: place * 8, as: Int64.self))
          : Int(chosen.loadUnaligned(fromByteOffset: place * 4, as: Int32.self))
        let index = given < 0 ? given + size : given
        guard index >= 0, index < size else {
          throw IndexFailure.outside(given, extent: size, operator: "Gather")
        }
        for row in 0..<outer {
          (to + (row * count + place) * inner).copyMemory(
            from: from + (row * size + index) * inner, byteCount: inner)
        }
      }
    }
  }
}
