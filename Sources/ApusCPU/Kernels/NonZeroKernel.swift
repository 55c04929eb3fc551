public import ApusCore
public import ApusEngine
import CApusKernels

/// Positions of the elements that are not zero, whose number only the data tells.
public struct NonZeroKernel: CPUKernel, SizingKernel {
  public struct Parameters: Codable, Sendable {
    public init() {}
  }

  public static let kind = "cpu.nonzero"

  public init(_ parameters: Parameters, constants: [UnsafeRawBufferPointer]) {}

  public func outputShapes(_ inputs: [Tensor?]) throws -> [[Int]] {
    guard let x = inputs.first ?? nil else { return [] }
    let found = x.withUnsafeBytes {
      apus_count_nonzero($0.baseAddress, x.elementCount, Int32(x.dtype.bitWidth / 8), x.dtype.isFloat)
    }
    return [[max(x.rank, 1), found]]
  }

  public func prepare(_ context: PrepareContext) throws -> PreparedKernel {
    let (input, output) = (try context.input(0), try context.output(0))
    let shape = input.shape.isEmpty ? [1] : input.shape
    let found = output.shape[1]
    let blocks = apus_nonzero_blocks(input.elementCount)
    return PreparedKernel(scratchBytes: (blocks + 1) * 8) { frame in
      shape.withUnsafeBufferPointer { extents in
        apus_nonzero(
          frame.input(0), Int32(extents.count), extents.baseAddress, Int32(input.dtype.bitWidth / 8),
          input.dtype.isFloat, found, frame.output(0)?.assumingMemoryBound(to: Int64.self),
          frame.scratch.assumingMemoryBound(to: Int.self), frame.pool)
      }
    }
  }
}
