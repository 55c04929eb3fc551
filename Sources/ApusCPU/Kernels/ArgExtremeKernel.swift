import ApusCore
public import ApusEngine
import CApusKernels

/// Places of the largest or smallest elements of lines.
public struct ArgExtremeKernel: CPUKernel {
  public struct Parameters: Codable, Sendable {
    public var axis: Int
    public var largest: Bool
    /// Whether the last of equal elements is taken.
    public var last: Bool

    public init(axis: Int, largest: Bool, last: Bool) {
      self.axis = axis
      self.largest = largest
      self.last = last
    }
  }

  public static let kind = "cpu.argextreme"
  private let parameters: Parameters

  public init(_ parameters: Parameters, constants: [UnsafeRawBufferPointer]) { self.parameters = parameters }

  public func prepare(_ context: PrepareContext) throws -> PreparedKernel {
    let input = try context.input(0)
    let lines = input.lines(along: try normalizedAxis(parameters.axis, rank: input.shape.count))
    guard lines.size > 0 || lines.outer * lines.inner == 0 else {
      throw IndexFailure.shapes("an axis of \(input.shape) has no elements to choose from")
    }
    let (largest, last) = (parameters.largest, parameters.last)
    return PreparedKernel { frame in
      withUnsafePointer(to: lines) {
        apus_arg_extreme(
          $0, largest, last, frame.input(0), frame.output(0)?.assumingMemoryBound(to: Int64.self), frame.pool)
      }
    }
  }
}
