import ApusCore
public import ApusEngine
public import ApusOperators
import CApusKernels

/// Samples of pictures, volumes or lines at the places of a grid.
public struct GridSampleKernel: CPUKernel {
  public struct Parameters: Codable, Sendable {
    public var op: GridSample

    public init(op: GridSample) { self.op = op }
  }

  public static let kind = "cpu.gridsample"
  private let parameters: Parameters

  public init(_ parameters: Parameters, constants: [UnsafeRawBufferPointer]) { self.parameters = parameters }

  public func prepare(_ context: PrepareContext) throws -> PreparedKernel {
    let (input, grid) = (try context.input(0), try context.input(1))
    let rank = input.shape.count - 2
    guard (1...3).contains(rank), grid.shape.count == rank + 2, grid.shape[rank + 1] == rank,
      grid.shape[0] == input.shape[0]
    else { throw IndexFailure.shapes("a grid \(grid.shape) does not fit pictures \(input.shape)") }
    var native = apus_grid_sample()
    native.batch = input.shape[0]
    native.channels = input.shape[1]
    native.places = grid.shape[1...rank].reduce(1, *)
    native.rank = Int32(rank)
    withUnsafeMutableBytes(of: &native.sizes) { IndexedElements.store(Array(input.shape[2...]), $0) }
    native.mode =
      switch parameters.op.mode {
      case .nearest: APUS_GRID_NEAREST
      case .linear: APUS_GRID_LINEAR
      case .cubic: APUS_GRID_CUBIC
      }
    native.padding =
      switch parameters.op.padding {
      case .zeros: APUS_GRID_ZEROS
      case .border: APUS_GRID_BORDER
      case .reflection: APUS_GRID_REFLECTION
      }
    native.align_corners = parameters.op.alignCorners
    return PreparedKernel { [native] frame in
      withUnsafePointer(to: native) {
        apus_grid_sample_run(
          $0, frame.input(0)?.assumingMemoryBound(to: Float.self),
          frame.input(1)?.assumingMemoryBound(to: Float.self),
          frame.output(0)?.assumingMemoryBound(to: Float.self), frame.pool)
      }
    }
  }
}
