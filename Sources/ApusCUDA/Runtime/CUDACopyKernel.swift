import ApusCore
public import ApusEngine

/// Moves a tensor between the host's memory and the GPU's, in the order of the stream.
public struct CUDACopyKernel: Kernel {
  public static let kind = "cuda.copy"

  /// Which way a copy goes.
  public enum Direction: String, Sendable, Codable { case toDevice, toHost }

  /// What a record holds.
  public struct Setting: Sendable, Codable {
    public var direction: Direction
    public init(_ direction: Direction) { self.direction = direction }
  }

  private let gpu: any GPU
  private let direction: Direction

  init(_ gpu: any GPU, _ direction: Direction) {
    self.gpu = gpu
    self.direction = direction
  }

  public func prepare(_ context: PrepareContext) throws -> PreparedKernel {
    let byteCount = try context.input(0).byteCount
    let (gpu, direction) = (gpu, direction)
    return PreparedKernel { frame in
      guard let source = frame.input(0), let target = frame.output(0), let stream = frame.stream,
        byteCount > 0
      else { return }
      let handle = GPUHandle(bits: UInt(bitPattern: stream))
      switch direction {
      case .toDevice:
        try gpu.copy(
          to: DeviceAddress(UInt(bitPattern: target)),
          from: UnsafeRawBufferPointer(start: source, count: byteCount), on: handle)
      case .toHost:
        try gpu.copy(
          to: UnsafeMutableRawBufferPointer(start: target, count: byteCount),
          from: DeviceAddress(UInt(bitPattern: source)), on: handle)
      }
    }
  }
}
