import ApusCore

/// Address in a GPU's memory.
public typealias DeviceAddress = UInt64

/// What is known of a GPU before anything runs on it.
public struct GPUProperties: Sendable, Hashable, Codable {
  public var name: String
  /// Compute capability: 90 for 9.0.
  public var capability: Int
  public var multiprocessors: Int
  public var clockKilohertz: Int
  public var memoryBytes: Int
  public var l2Bytes: Int
  /// Most shared memory of one block and of one multiprocessor.
  public var sharedBytesPerBlock: Int
  public var sharedBytesPerMultiprocessor: Int
  public var threadsPerMultiprocessor: Int
  /// Memory bandwidth in bytes a second, from clock and bus width; 0 when unknown.
  public var bandwidth: Double
  /// CUDA version of the driver: 13000 for 13.0; 0 when unknown.
  public var driverVersion: Int

  public init(
    name: String, capability: Int, multiprocessors: Int, clockKilohertz: Int, memoryBytes: Int, l2Bytes: Int,
    sharedBytesPerBlock: Int, sharedBytesPerMultiprocessor: Int, threadsPerMultiprocessor: Int,
    bandwidth: Double = 0, driverVersion: Int = 0
  ) {
    self.name = name
    self.capability = capability
    self.multiprocessors = multiprocessors
    self.clockKilohertz = clockKilohertz
    self.memoryBytes = memoryBytes
    self.l2Bytes = l2Bytes
    self.sharedBytesPerBlock = sharedBytesPerBlock
    self.sharedBytesPerMultiprocessor = sharedBytesPerMultiprocessor
    self.threadsPerMultiprocessor = threadsPerMultiprocessor
    self.bandwidth = bandwidth
    self.driverVersion = driverVersion
  }

  /// NVRTC's name of the GPU, with its specific instructions where there are some: `sm_80`, `sm_90a`.
  public var target: String { capability >= 90 ? "sm_\(capability)a" : "sm_\(capability)" }
  /// Whether blocks can form clusters and kernels start before their predecessor has ended.
  public var hasClusters: Bool { capability >= 90 }
  /// Whether the warpgroup matrix instructions are there (Hopper only).
  public var hasWarpgroupProducts: Bool { capability == 90 }
}

/// Identity of something that a GPU holds: a stream, an event, a module, a function, a graph.
public struct GPUHandle: Sendable, Hashable {
  public var bits: UInt

  public init(bits: UInt) { self.bits = bits }
}

/// Operations of a CUDA device. `DriverGPU` performs them, `NullGPU` records them.
///
/// Handles and addresses are given back to the same GPU only; the classes `DeviceBuffer`, `Stream`, `Module`, … own
/// them. Calls may come from any thread.
public protocol GPU: Sendable {
  var properties: GPUProperties { get }

  func memory() throws -> (free: Int, total: Int)
  func allocate(_ byteCount: Int) throws -> DeviceAddress
  func release(_ address: DeviceAddress)
  func allocateHost(_ byteCount: Int) throws -> UnsafeMutableRawPointer
  func releaseHost(_ pointer: UnsafeMutableRawPointer)

  /// Asynchronous when a stream is given, else done on return.
  func copy(to address: DeviceAddress, from source: UnsafeRawBufferPointer, on stream: GPUHandle?) throws
  func copy(to target: UnsafeMutableRawBufferPointer, from address: DeviceAddress, on stream: GPUHandle?)
    throws
  func copy(to address: DeviceAddress, from source: DeviceAddress, byteCount: Int, on stream: GPUHandle)
    throws
  func fill(_ address: DeviceAddress, byteCount: Int, with byte: UInt8, on stream: GPUHandle) throws

  func makeStream() throws -> GPUHandle
  func release(stream: GPUHandle)
  func synchronize(_ stream: GPUHandle) throws
  func makeEvent() throws -> GPUHandle
  func release(event: GPUHandle)
  func record(_ event: GPUHandle, on stream: GPUHandle) throws
  func wait(for event: GPUHandle, on stream: GPUHandle) throws
  func synchronize(event: GPUHandle) throws
  func milliseconds(from start: GPUHandle, to end: GPUHandle) throws -> Double

  func load(_ image: [UInt8]) throws -> GPUHandle
  func release(module: GPUHandle)
  func function(_ name: String, of module: GPUHandle) throws -> GPUHandle
  func resources(of function: GPUHandle) throws -> FunctionResources
  /// Allows `byteCount` of dynamic shared memory.
  func prepare(_ function: GPUHandle, dynamicSharedBytes byteCount: Int) throws
  func launch(
    _ function: GPUHandle, _ geometry: LaunchGeometry, _ arguments: borrowing ArgumentBlock,
    on stream: GPUHandle) throws

  func beginCapture(on stream: GPUHandle) throws
  /// Ends the capture and makes the graph ready to launch.
  func endCapture(on stream: GPUHandle) throws -> GPUHandle
  func launch(graph: GPUHandle, on stream: GPUHandle) throws
  func release(graph: GPUHandle)

  func encode(_ map: TensorMapSpec, address: DeviceAddress) throws -> TensorMap

  /// Throws `deviceMissing` where a library is not there.
  func require(_ library: CUDALibrary) throws
  /// Up to `count` ways in which the library can do some work with at most `workspaceBytes`, its favourite first; empty
  /// where it cannot.
  func choices(for work: LibraryWork, workspaceBytes: Int, count: Int) throws -> [LibraryChoice]
  /// Makes work ready to run.
  func prepare(_ work: LibraryWork, _ choice: LibraryChoice) throws -> GPUHandle
  func release(work: GPUHandle)
  func run(_ work: GPUHandle, _ operands: LibraryOperands, on stream: GPUHandle) throws
}

/// What the compiler gave a kernel.
public struct FunctionResources: Sendable, Hashable, Codable {
  public var registers: Int
  /// Bytes of local memory a thread: spilled registers.
  public var localBytes: Int
  public var sharedBytes: Int

  public init(registers: Int, localBytes: Int, sharedBytes: Int) {
    self.registers = registers
    self.localBytes = localBytes
    self.sharedBytes = sharedBytes
  }
}
