import ApusCore
public import ApusEngine

/// A GPU's memory and streams as plans see them.
public struct CUDAMemory: DeviceMemory {
  public let gpu: any GPU

  public init(_ gpu: any GPU) { self.gpu = gpu }

  public func allocate(_ byteCount: Int, for purpose: String) throws -> any DeviceAllocation {
    try CUDAAllocation(DeviceBuffer(gpu, byteCount: byteCount, for: purpose))
  }

  public func makeStream() throws -> any DeviceStream { try CUDAStream(Stream(gpu)) }

  public func allocateHost(_ byteCount: Int) throws -> any HostAllocation {
    try PinnedBuffer(gpu, byteCount: byteCount)
  }
}

extension PinnedBuffer: HostAllocation {}

/// A buffer that a plan holds.
final class CUDAAllocation: DeviceAllocation, @unchecked Sendable {
  // The address is a number that only the GPU follows.
  private let buffer: DeviceBuffer
  let address: UnsafeMutableRawPointer

  init(_ buffer: DeviceBuffer) throws {
    self.buffer = buffer
    guard let address = UnsafeMutableRawPointer(bitPattern: UInt(buffer.address)) else {
      throw ApusError(.internal, Problem(.internalError, "the GPU gave memory at address 0"))
    }
    self.address = address
  }

  func write(_ bytes: UnsafeRawBufferPointer) throws { try buffer.write(bytes) }

  func zero() throws {
    let stream = try Stream(buffer.gpu)
    try buffer.gpu.fill(buffer.address, byteCount: buffer.byteCount, with: 0, on: stream.handle)
    try stream.synchronize()
  }
}

/// A stream that a plan holds.
final class CUDAStream: DeviceStream, @unchecked Sendable {
  // The handle is a number that only the driver reads.
  private let stream: Stream
  let handle: UnsafeMutableRawPointer

  init(_ stream: Stream) throws {
    self.stream = stream
    guard let handle = UnsafeMutableRawPointer(bitPattern: stream.handle.bits) else {
      throw ApusError(.internal, Problem(.internalError, "an empty stream"))
    }
    self.handle = handle
  }

  func synchronize() throws { try stream.synchronize() }

  func copy(to target: UnsafeMutableRawPointer, from source: UnsafeRawPointer, byteCount: Int) throws {
    guard byteCount > 0 else { return }
    try stream.gpu.copy(
      to: DeviceAddress(UInt(bitPattern: target)), from: DeviceAddress(UInt(bitPattern: source)),
      byteCount: byteCount, on: stream.handle)
  }

  func capture(_ body: () throws -> Void) throws -> any DeviceGraph {
    CUDAGraph(try stream.capture(body), stream)
  }

  func milliseconds(_ body: () throws -> Void) throws -> Double {
    let (start, end) = (try Event(stream.gpu), try Event(stream.gpu))
    try start.record(on: stream)
    try body()
    try end.record(on: stream)
    try end.synchronize()
    return try end.milliseconds(since: start)
  }
}

/// Recorded launches and the stream that replays them.
final class CUDAGraph: DeviceGraph {
  private let graph: GraphExecutable
  private let stream: Stream

  init(_ graph: GraphExecutable, _ stream: Stream) {
    self.graph = graph
    self.stream = stream
  }

  func launch() throws { try graph.launch(on: stream) }
}
