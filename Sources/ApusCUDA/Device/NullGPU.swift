import ApusCore
import Glibc
import Synchronization

/// A GPU that computes nothing: memory is host memory, copies and fills happen at once, launches are recorded and take a
/// microsecond each on its clock. For testing plans and launches where there is no GPU.
public final class NullGPU: GPU {
  /// What happened, in order.
  public enum Action: Sendable, Hashable {
    case allocate(DeviceAddress, byteCount: Int)
    case release(DeviceAddress)
    case allocateHost(byteCount: Int)
    case copyToDevice(DeviceAddress, byteCount: Int)
    case copyToHost(DeviceAddress, byteCount: Int)
    case copyOnDevice(DeviceAddress, from: DeviceAddress, byteCount: Int)
    case fill(DeviceAddress, byteCount: Int)
    case launch(function: String, LaunchGeometry, argumentCount: Int)
    case call(LibraryWork, operands: Set<String>)
    case launchGraph([String])
    case synchronize
  }

  /// What may be made to fail.
  public enum Failure: Sendable, Hashable { case launch, launchGraph, synchronize, call }

  private struct State {
    /// How often each still succeeds before it fails once.
    var failures: [Failure: Int] = [:]
    var actions: [Action] = []
    var allocated: [DeviceAddress: Int] = [:]
    var limit: Int
    var next: UInt = 1
    var names: [GPUHandle: String] = [:]
    var works: [GPUHandle: (LibraryWork, LibraryChoice)] = [:]
    var captures: [GPUHandle: [String]] = [:]
    var graphs: [GPUHandle: [String]] = [:]
    /// The clock, and what it showed when events were recorded.
    var microseconds = 0
    var times: [GPUHandle: Int] = [:]
  }

  public let properties: GPUProperties
  private let libraries: Set<CUDALibrary>
  private let state: Mutex<State>

  /// `properties.memoryBytes` bounds allocations; `libraries` are those that are there.
  public init(
    _ properties: GPUProperties = .hopper, libraries: Set<CUDALibrary> = Set(CUDALibrary.allCases)
  ) {
    self.properties = properties
    self.libraries = libraries
    state = Mutex(State(limit: properties.memoryBytes))
  }

  deinit {
    state.withLock {
      for address in $0.allocated.keys { free(UnsafeMutableRawPointer(bitPattern: UInt(address))) }
    }
  }

  public var actions: [Action] { state.withLock { $0.actions } }
  public var allocatedBytes: Int { state.withLock { $0.allocated.values.reduce(0, +) } }

  /// Makes something fail once, after it has succeeded `count` times more.
  public func fail(_ failure: Failure, after count: Int = 0) {
    state.withLock { $0.failures[failure] = count }
  }

  private func mayFail(_ failure: Failure) throws {
    let fails = state.withLock { state in
      guard let left = state.failures[failure] else { return false }
      state.failures[failure] = left > 0 ? left - 1 : nil
      return left == 0
    }
    if fails { throw ApusError(.resources, Problem(.driverFailure, "\(failure): refused")) }
  }

  public func memory() throws -> (free: Int, total: Int) {
    state.withLock { ($0.limit - $0.allocated.values.reduce(0, +), $0.limit) }
  }

  public func allocate(_ byteCount: Int) throws -> DeviceAddress {
    let free = try memory().free
    guard byteCount <= free, let pointer = calloc(1, max(byteCount, 1)) else {
      throw ApusError(.resources, Problem(.outOfMemory, "allocating \(byteCount) bytes, \(free) free"))
    }
    let address = DeviceAddress(UInt(bitPattern: pointer))
    state.withLock {
      $0.allocated[address] = byteCount
      $0.actions.append(.allocate(address, byteCount: byteCount))
    }
    return address
  }

  public func release(_ address: DeviceAddress) {
    state.withLock {
      $0.allocated[address] = nil
      $0.actions.append(.release(address))
    }
    free(UnsafeMutableRawPointer(bitPattern: UInt(address)))
  }

  public func allocateHost(_ byteCount: Int) throws -> UnsafeMutableRawPointer {
    state.withLock { $0.actions.append(.allocateHost(byteCount: byteCount)) }
    return .allocate(byteCount: byteCount, alignment: 64)
  }
  public func releaseHost(_ pointer: UnsafeMutableRawPointer) { pointer.deallocate() }

  public func copy(to address: DeviceAddress, from source: UnsafeRawBufferPointer, on stream: GPUHandle?)
    throws
  {
    try checkRange(address, source.count)
    host(address, source.count).copyMemory(from: source)
    record(.copyToDevice(address, byteCount: source.count), on: stream)
  }

  public func copy(
    to target: UnsafeMutableRawBufferPointer, from address: DeviceAddress, on stream: GPUHandle?
  ) throws {
    try checkRange(address, target.count)
    target.copyMemory(from: UnsafeRawBufferPointer(host(address, target.count)))
    record(.copyToHost(address, byteCount: target.count), on: stream)
  }

  public func copy(
    to address: DeviceAddress, from source: DeviceAddress, byteCount: Int, on stream: GPUHandle
  ) throws {
    try checkRange(address, byteCount)
    try checkRange(source, byteCount)
    host(address, byteCount).copyMemory(from: UnsafeRawBufferPointer(host(source, byteCount)))
    record(.copyOnDevice(address, from: source, byteCount: byteCount), on: stream)
  }

  public func fill(_ address: DeviceAddress, byteCount: Int, with byte: UInt8, on stream: GPUHandle) throws {
    try checkRange(address, byteCount)
    if let start = host(address, byteCount).baseAddress { memset(start, Int32(byte), byteCount) }
    record(.fill(address, byteCount: byteCount), on: stream)
  }

  public func makeStream() throws -> GPUHandle { newHandle() }
  public func release(stream: GPUHandle) {}
  public func synchronize(_ stream: GPUHandle) throws {
    try mayFail(.synchronize)
    state.withLock { $0.actions.append(.synchronize) }
  }
  public func makeEvent() throws -> GPUHandle { newHandle() }
  public func release(event: GPUHandle) {}
  public func record(_ event: GPUHandle, on stream: GPUHandle) throws {
    state.withLock { $0.times[event] = $0.microseconds }
  }
  public func wait(for event: GPUHandle, on stream: GPUHandle) throws {}
  public func synchronize(event: GPUHandle) throws { state.withLock { $0.actions.append(.synchronize) } }
  public func milliseconds(from start: GPUHandle, to end: GPUHandle) throws -> Double {
    state.withLock { Double(($0.times[end] ?? 0) - ($0.times[start] ?? 0)) / 1000 }
  }

  public func load(_ image: [UInt8]) throws -> GPUHandle { newHandle() }
  public func release(module: GPUHandle) {}

  public func function(_ name: String, of module: GPUHandle) throws -> GPUHandle {
    let handle = newHandle()
    state.withLock { $0.names[handle] = name }
    return handle
  }

  public func resources(of function: GPUHandle) throws -> FunctionResources {
    FunctionResources(registers: 0, localBytes: 0, sharedBytes: 0)
  }

  public func prepare(_ function: GPUHandle, dynamicSharedBytes byteCount: Int) throws {
    guard byteCount <= properties.sharedBytesPerBlock else {
      throw ApusError(
        .resources, Problem(.driverFailure, "\(byteCount) bytes of shared memory for one block"))
    }
  }

  public func launch(
    _ function: GPUHandle, _ geometry: LaunchGeometry, _ arguments: borrowing ArgumentBlock,
    on stream: GPUHandle
  ) throws {
    try check(geometry)
    try mayFail(.launch)
    let count = arguments.count
    let name = state.withLock { $0.names[function] ?? "?" }
    record(.launch(function: name, geometry, argumentCount: count), on: stream, label: name)
  }

  public func beginCapture(on stream: GPUHandle) throws { state.withLock { $0.captures[stream] = [] } }

  public func endCapture(on stream: GPUHandle) throws -> GPUHandle {
    let handle = newHandle()
    state.withLock { $0.graphs[handle] = $0.captures.removeValue(forKey: stream) }
    return handle
  }

  public func launch(graph: GPUHandle, on stream: GPUHandle) throws {
    try mayFail(.launchGraph)
    state.withLock {
      let works = $0.graphs[graph] ?? []
      $0.actions.append(.launchGraph(works))
      $0.microseconds += works.count
    }
  }

  public func release(graph: GPUHandle) {}

  public func encode(_ map: TensorMapSpec, address: DeviceAddress) throws -> TensorMap {
    guard address % 16 == 0 else {
      throw ApusError(.internal, Problem(.internalError, "a tensor map of an unaligned address"))
    }
    return TensorMap(words: [address] + [UInt64](repeating: 0, count: 15))
  }

  public func require(_ library: CUDALibrary) throws {
    guard libraries.contains(library) else { throw library.missing("no such library") }
  }

  public func choices(for work: LibraryWork, workspaceBytes: Int, count: Int) throws -> [LibraryChoice] {
    try require(work.library)
    return (0..<count).map {
      LibraryChoice(version: 1, description: "{\"plan\": \($0)}", workspaceBytes: min(workspaceBytes, 4096))
    }
  }

  public func prepare(_ work: LibraryWork, _ choice: LibraryChoice) throws -> GPUHandle {
    try require(work.library)
    let handle = newHandle()
    state.withLock { $0.works[handle] = (work, choice) }
    return handle
  }

  public func release(work: GPUHandle) { state.withLock { $0.works[work] = nil } }

  public func run(_ work: GPUHandle, _ operands: LibraryOperands, on stream: GPUHandle) throws {
    try mayFail(.call)
    guard let (prepared, choice) = state.withLock({ $0.works[work] }) else {
      throw ApusError(.internal, Problem(.internalError, "a library's work that was not prepared"))
    }
    for address in operands.addresses.values where address % 16 != 0 {
      throw ApusError(.internal, Problem(.internalError, "an operand of a library at \(address)"))
    }
    guard operands.workspace % DeviceAddress(LibraryOperands.workspaceAlignment) == 0 else {
      throw ApusError(.internal, Problem(.internalError, "a library's workspace at \(operands.workspace)"))
    }
    try checkRange(operands.workspace, choice.workspaceBytes)
    record(
      .call(prepared, operands: Set(operands.addresses.keys)), on: stream, label: prepared.library.rawValue)
  }

  private func host(_ address: DeviceAddress, _ byteCount: Int) -> UnsafeMutableRawBufferPointer {
    UnsafeMutableRawBufferPointer(start: UnsafeMutableRawPointer(bitPattern: UInt(address)), count: byteCount)
  }

  private func newHandle() -> GPUHandle {
    state.withLock {
      $0.next += 1
      return GPUHandle(bits: $0.next)
    }
  }

  private func record(_ action: Action, on stream: GPUHandle?, label: String? = nil) {
    state.withLock {
      if let stream, $0.captures[stream] != nil {
        $0.captures[stream]?.append(label ?? "\(action)")
      } else {
        $0.actions.append(action)
        if stream != nil { $0.microseconds += 1 }
      }
    }
  }

  /// Refuses what a device would refuse.
  private func check(_ geometry: LaunchGeometry) throws {
    let block = geometry.block.count
    let cluster = geometry.cluster?.count ?? 1
    let fits =
      (1...1024).contains(block) && geometry.grid.x >= 1 && (1...65535).contains(geometry.grid.y)
      && (1...65535).contains(geometry.grid.z) && cluster <= 8
      && (cluster == 1 || properties.hasClusters) && geometry.sharedBytes <= properties.sharedBytesPerBlock
    guard fits else { throw ApusError(.resources, Problem(.driverFailure, "no GPU launches \(geometry)")) }
  }

  private func checkRange(_ address: DeviceAddress, _ byteCount: Int) throws {
    let inside = state.withLock {
      $0.allocated.contains { address >= $0.key && address + UInt64(byteCount) <= $0.key + UInt64($0.value) }
    }
    guard inside || byteCount == 0 else {
      throw ApusError(
        .internal, Problem(.internalError, "\(byteCount) bytes at \(address) are not allocated"))
    }
  }
}

extension GPUProperties {
  /// An H100, for planning without one.
  public static let hopper = GPUProperties(
    name: "NVIDIA H100 80GB HBM3", capability: 90, multiprocessors: 132, clockKilohertz: 1_980_000,
    memoryBytes: 80 << 30, l2Bytes: 50 << 20, sharedBytesPerBlock: 227 << 10,
    sharedBytesPerMultiprocessor: 228 << 10, threadsPerMultiprocessor: 2048, bandwidth: 3.35e12)
  /// An A100, for planning without one.
  public static let ampere = GPUProperties(
    name: "NVIDIA A100 80GB", capability: 80, multiprocessors: 108, clockKilohertz: 1_410_000,
    memoryBytes: 80 << 30, l2Bytes: 40 << 20, sharedBytesPerBlock: 163 << 10,
    sharedBytesPerMultiprocessor: 164 << 10, threadsPerMultiprocessor: 2048, bandwidth: 2.0e12)
}
