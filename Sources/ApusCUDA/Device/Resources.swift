import ApusCore

/// Memory on a GPU, released with its last owner.
public final class DeviceBuffer: Sendable {
  public let gpu: any GPU
  public let address: DeviceAddress
  public let byteCount: Int

  /// Throws `outOfMemory` with what was needed and what is free; `purpose` names the tensor or arena.
  public init(_ gpu: any GPU, byteCount: Int, for purpose: String) throws {
    self.gpu = gpu
    self.byteCount = byteCount
    do {
      address = try gpu.allocate(max(byteCount, 1))
    } catch let error as ApusError where error.problems.first?.id == .outOfMemory {
      let memory = try? gpu.memory()
      throw ApusError(
        .resources,
        Problem(
          .outOfMemory,
          "\(purpose) needs \(byteCount) bytes of GPU memory, \(memory?.free ?? 0) of \(memory?.total ?? 0) are free",
          fix: "lower the batch or the largest shape, use --precision fp16, or free the GPU"))
    }
  }

  deinit { gpu.release(address) }

  /// Writes `bytes` at `offset`, done on return.
  public func write(_ bytes: UnsafeRawBufferPointer, at offset: Int = 0) throws {
    try checkRange(offset, bytes.count)
    if bytes.count > 0 { try gpu.copy(to: address + UInt64(offset), from: bytes, on: nil) }
  }

  /// Reads into `target` from `offset`, done on return.
  public func read(into target: UnsafeMutableRawBufferPointer, at offset: Int = 0) throws {
    try checkRange(offset, target.count)
    if target.count > 0 { try gpu.copy(to: target, from: address + UInt64(offset), on: nil) }
  }

  private func checkRange(_ offset: Int, _ count: Int) throws {
    guard offset >= 0, offset + count <= byteCount else {
      throw ApusError(
        .internal, Problem(.internalError, "bytes \(offset)..<\(offset + count) of \(byteCount)"))
    }
  }
}

/// Zeroed host memory that the copy engines reach directly.
public final class PinnedBuffer: @unchecked Sendable {
  public let gpu: any GPU
  public let bytes: UnsafeMutableRawBufferPointer

  public init(_ gpu: any GPU, byteCount: Int) throws {
    self.gpu = gpu
    bytes = UnsafeMutableRawBufferPointer(start: try gpu.allocateHost(max(byteCount, 1)), count: byteCount)
    bytes.initializeMemory(as: UInt8.self, repeating: 0)
  }

  deinit { if let start = bytes.baseAddress { gpu.releaseHost(start) } }
}

/// Work in order.
public final class Stream: Sendable {
  public let gpu: any GPU
  public let handle: GPUHandle

  public init(_ gpu: any GPU) throws {
    self.gpu = gpu
    handle = try gpu.makeStream()
  }

  deinit { gpu.release(stream: handle) }

  /// Waits until everything so far is done; throws what failed meanwhile.
  public func synchronize() throws { try gpu.synchronize(handle) }

  /// Captures what `body` enqueues, which then replays as one.
  public func capture(_ body: () throws -> Void) throws -> GraphExecutable {
    try gpu.beginCapture(on: handle)
    do {
      try body()
    } catch {
      if let broken = try? gpu.endCapture(on: handle) { gpu.release(graph: broken) }
      throw error
    }
    return GraphExecutable(gpu, try gpu.endCapture(on: handle))
  }
}

/// A point in a stream.
public final class Event: Sendable {
  public let gpu: any GPU
  public let handle: GPUHandle

  public init(_ gpu: any GPU) throws {
    self.gpu = gpu
    handle = try gpu.makeEvent()
  }

  deinit { gpu.release(event: handle) }

  public func record(on stream: Stream) throws { try gpu.record(handle, on: stream.handle) }
  public func synchronize() throws { try gpu.synchronize(event: handle) }

  /// Milliseconds from `start` to this event, both done.
  public func milliseconds(since start: Event) throws -> Double {
    try gpu.milliseconds(from: start.handle, to: handle)
  }
}

/// A captured sequence of launches.
public final class GraphExecutable: Sendable {
  public let gpu: any GPU
  public let handle: GPUHandle

  init(_ gpu: any GPU, _ handle: GPUHandle) {
    self.gpu = gpu
    self.handle = handle
  }

  deinit { gpu.release(graph: handle) }

  public func launch(on stream: Stream) throws { try gpu.launch(graph: handle, on: stream.handle) }
}

/// Machine code loaded on a GPU.
public final class Module: Sendable {
  public let gpu: any GPU
  public let handle: GPUHandle

  /// `image` is a cubin or PTX.
  public init(_ gpu: any GPU, image: [UInt8]) throws {
    self.gpu = gpu
    handle = try gpu.load(image)
  }

  deinit { gpu.release(module: handle) }

  /// An entry point, ready for `sharedBytes` of dynamic shared memory.
  public func function(_ name: String, sharedBytes: Int = 0) throws -> Function {
    let function = try gpu.function(name, of: handle)
    // 48 KiB need no permission, but static shared memory counts too.
    if sharedBytes > 32 << 10 { try gpu.prepare(function, dynamicSharedBytes: sharedBytes) }
    return Function(module: self, handle: function)
  }
}

/// An entry point of a module.
public struct Function: Sendable {
  public let module: Module
  public let handle: GPUHandle

  public func resources() throws -> FunctionResources { try module.gpu.resources(of: handle) }

  public func launch(
    _ geometry: LaunchGeometry, _ arguments: borrowing ArgumentBlock, on stream: Stream
  ) throws {
    try module.gpu.launch(handle, geometry, arguments, on: stream.handle)
  }
}

/// Work of a library, ready to run.
public final class PreparedWork: Sendable {
  public let gpu: any GPU
  public let handle: GPUHandle

  public init(_ gpu: any GPU, _ work: LibraryWork, _ choice: LibraryChoice) throws {
    self.gpu = gpu
    handle = try gpu.prepare(work, choice)
  }

  deinit { gpu.release(work: handle) }
}
