/// Memory and queues of a device whose kernels do not work on the host's memory.
public protocol DeviceMemory: Sendable {
  /// Throws `outOfMemory` with what was needed and what is free; `purpose` names the arena or tensor.
  func allocate(_ byteCount: Int, for purpose: String) throws -> any DeviceAllocation
  func makeStream() throws -> any DeviceStream
  /// Zeroed memory of the host that the device's copies reach without a detour.
  func allocateHost(_ byteCount: Int) throws -> any HostAllocation
}

/// A piece of host memory for copies, freed with its last owner.
public protocol HostAllocation: AnyObject, Sendable {
  var bytes: UnsafeMutableRawBufferPointer { get }
}

/// A piece of device memory, freed with its last owner.
public protocol DeviceAllocation: AnyObject, Sendable {
  /// The device's address; the host must not follow it.
  var address: UnsafeMutableRawPointer { get }

  /// Fills the memory from its beginning, done on return.
  func write(_ bytes: UnsafeRawBufferPointer) throws
  func zero() throws
}

/// Work of a device in order.
public protocol DeviceStream: AnyObject, Sendable {
  /// What kernels find in their frame.
  var handle: UnsafeMutableRawPointer { get }

  /// Waits until everything so far is done; throws what failed meanwhile.
  func synchronize() throws

  /// Copies inside the device's memory.
  func copy(to target: UnsafeMutableRawPointer, from source: UnsafeRawPointer, byteCount: Int) throws

  /// Records what `body` enqueues; it is not run.
  func capture(_ body: () throws -> Void) throws -> any DeviceGraph

  /// Milliseconds on the device's own clock that the work of `body` takes, done on return.
  func milliseconds(_ body: () throws -> Void) throws -> Double
}

/// Recorded work that replays as one.
public protocol DeviceGraph: AnyObject, Sendable {
  func launch() throws
}
