import ApusCore
public import ApusEngine

/// `start`, `start + delta`, … in a type of 32 or 64 bits.
public struct RangeKernel: CPUKernel {
  public struct Parameters: Codable, Sendable {
    public init() {}
  }

  public static let kind = "cpu.range"

  public init(_ parameters: Parameters, constants: [UnsafeRawBufferPointer]) {}

  public func prepare(_ context: PrepareContext) throws -> PreparedKernel {
    let output = try context.output(0)
    let count = output.elementCount
    switch output.dtype {
    case .i32:
      return steps(count) { (start: Int32, delta: Int32, place) in
        start &+ Int32(truncatingIfNeeded: place) &* delta
      }
    case .i64: return steps(count) { (start: Int64, delta: Int64, place) in start &+ Int64(place) &* delta }
    case .f64: return steps(count) { (start: Double, delta: Double, place) in start + Double(place) * delta }
    default:
      return steps(count) { (start: Float, delta: Float, place) in
        Float(Double(start) + Double(place) * Double(delta))
      }
    }
  }

  private func steps<T: BitwiseCopyable>(
    _ count: Int, _ element: @escaping (_ start: T, _ delta: T, _ place: Int) -> T
  ) -> PreparedKernel {
    PreparedKernel { frame in
      guard let start = frame.input(0)?.loadUnaligned(as: T.self),
        let delta = frame.input(2)?.loadUnaligned(as: T.self), let to = frame.output(0)
      else { return }
      for place in 0..<count {
        to.storeBytes(
          of: element(start, delta, place), toByteOffset: place * MemoryLayout<T>.size, as: T.self)
      }
    }
  }
}
