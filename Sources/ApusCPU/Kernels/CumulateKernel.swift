package import ApusCore
public import ApusEngine
import CApusKernels

/// Running sums or products of lines; the axis is input 1.
public struct CumulateKernel: CPUKernel {
  public struct Parameters: Codable, Sendable {
    public var product: Bool
    /// Whether an element is left out of its own total.
    public var exclusive: Bool
    /// Whether totals run from the end.
    public var reverse: Bool

    public init(product: Bool, exclusive: Bool, reverse: Bool) {
      self.product = product
      self.exclusive = exclusive
      self.reverse = reverse
    }
  }

  public static let kind = "cpu.cumulate"
  private let parameters: Parameters

  public init(_ parameters: Parameters, constants: [UnsafeRawBufferPointer]) { self.parameters = parameters }

  public func prepare(_ context: PrepareContext) throws -> PreparedKernel {
    let (input, axis) = (try context.input(0), try context.input(1))
    let rank = input.shape.count
    let parameters = parameters
    return PreparedKernel { frame in
      guard let given = frame.input(1) else { return }
      let number =
        axis.dtype == .i64
        ? Int(given.loadUnaligned(as: Int64.self)) : Int(given.loadUnaligned(as: Int32.self))
      guard number >= -rank, number < rank else {
        throw IndexFailure.outside(number, extent: rank, operator: parameters.product ? "CumProd" : "CumSum")
      }
      let lines = input.lines(along: number < 0 ? number + rank : number)
      withUnsafePointer(to: lines) {
        apus_cumulate(
          $0, parameters.product, parameters.exclusive, parameters.reverse, frame.input(0), frame.output(0),
          frame.pool)
      }
    }
  }

  package static func takes(_ dtype: DType) -> Bool {
    dtype.hasElementCode && apus_cumulate_takes(dtype.element)
  }
}
