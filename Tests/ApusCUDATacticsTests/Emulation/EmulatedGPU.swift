import ApusCore
import Glibc
import Synchronization

@testable import ApusCUDA

/// A GPU whose memory is the host's and whose kernels are libraries of `EmulatedImages`: results are right or wrong
/// without a GPU. Everything happens at once, in order.
final class EmulatedGPU: GPU {
  private typealias Entry =
    @convention(c) (UnsafePointer<UnsafeMutableRawPointer?>, UnsafePointer<UInt32>) -> Void
  private typealias Action = @Sendable () throws -> Void

  private struct State {
    var next: UInt = 1
    /// Address of each kernel's entry point, 0 where the host cannot run it.
    var entries: [GPUHandle: UInt] = [:]
    var captures: [GPUHandle: [Action]] = [:]
    var graphs: [GPUHandle: [Action]] = [:]
    var works: [GPUHandle: LibraryWork] = [:]
  }

  private let base = NullGPU()
  /// Whether libraries leave results as they find them.
  private let hasIdleLibraries: Bool
  private let state = Mutex(State())
  /// One launch at a time: the libraries have one set of threads.
  private static let turn = Mutex(())
  var properties: GPUProperties { base.properties }

  init(hasIdleLibraries: Bool = false) { self.hasIdleLibraries = hasIdleLibraries }

  private func newHandle() -> GPUHandle {
    state.withLock {
      $0.next += 1
      return GPUHandle(bits: $0.next)
    }
  }

  /// Does something now, or keeps it for a graph.
  private func perform(on stream: GPUHandle?, _ action: @escaping Action) throws {
    let isKept = state.withLock { state in
      guard let stream, state.captures[stream] != nil else { return false }
      state.captures[stream]?.append(action)
      return true
    }
    if !isKept { try action() }
  }

  func memory() throws -> (free: Int, total: Int) { try base.memory() }
  func allocate(_ byteCount: Int) throws -> DeviceAddress {
    let address = try base.allocate(byteCount)
    // What no kernel writes is conspicuous.
    if let pointer = UnsafeMutableRawPointer(bitPattern: UInt(address)) { memset(pointer, 0xA5, byteCount) }
    return address
  }
  func release(_ address: DeviceAddress) { base.release(address) }
  func allocateHost(_ byteCount: Int) throws -> UnsafeMutableRawPointer { try base.allocateHost(byteCount) }
  func releaseHost(_ pointer: UnsafeMutableRawPointer) { base.releaseHost(pointer) }

  func copy(to address: DeviceAddress, from source: UnsafeRawBufferPointer, on stream: GPUHandle?) throws {
    let (from, count) = (UInt(bitPattern: source.baseAddress), source.count)
    try perform(on: stream) { [base] in
      let bytes = UnsafeRawBufferPointer(start: UnsafeRawPointer(bitPattern: from), count: count)
      try base.copy(to: address, from: bytes, on: nil)
    }
  }
  func copy(to target: UnsafeMutableRawBufferPointer, from address: DeviceAddress, on stream: GPUHandle?)
    throws
  {
    let (to, count) = (UInt(bitPattern: target.baseAddress), target.count)
    try perform(on: stream) { [base] in
      let bytes = UnsafeMutableRawBufferPointer(start: UnsafeMutableRawPointer(bitPattern: to), count: count)
      try base.copy(to: bytes, from: address, on: nil)
    }
  }
  func copy(to address: DeviceAddress, from source: DeviceAddress, byteCount: Int, on stream: GPUHandle)
    throws
  {
    try perform(on: stream) { [base] in
      try base.copy(to: address, from: source, byteCount: byteCount, on: stream)
    }
  }
  func fill(_ address: DeviceAddress, byteCount: Int, with byte: UInt8, on stream: GPUHandle) throws {
    try perform(on: stream) { [base] in
      try base.fill(address, byteCount: byteCount, with: byte, on: stream)
    }
  }

  func makeStream() throws -> GPUHandle { newHandle() }
  func release(stream: GPUHandle) {}
  func synchronize(_ stream: GPUHandle) throws {}
  func makeEvent() throws -> GPUHandle { newHandle() }
  func release(event: GPUHandle) {}
  func record(_ event: GPUHandle, on stream: GPUHandle) throws {}
  func wait(for event: GPUHandle, on stream: GPUHandle) throws {}
  func synchronize(event: GPUHandle) throws {}
  func milliseconds(from start: GPUHandle, to end: GPUHandle) throws -> Double { 0 }

  func load(_ image: [UInt8]) throws -> GPUHandle {
    let handle = newHandle()
    guard !image.isEmpty else {
      state.withLock { $0.entries[handle] = 0 }
      return handle
    }
    let path = String(decoding: image, as: UTF8.self)
    guard let library = dlopen(path, RTLD_NOW | RTLD_LOCAL), let entry = dlsym(library, "emulatedLaunch")
    else {
      throw ApusError(.internal, Problem(.internalError, "\(path) cannot be loaded"))
    }
    state.withLock { $0.entries[handle] = UInt(bitPattern: entry) }
    return handle
  }
  func release(module: GPUHandle) {}
  func function(_ name: String, of module: GPUHandle) throws -> GPUHandle { module }
  func resources(of function: GPUHandle) throws -> FunctionResources { try base.resources(of: function) }
  func prepare(_ function: GPUHandle, dynamicSharedBytes byteCount: Int) throws {
    try base.prepare(function, dynamicSharedBytes: byteCount)
  }

  func launch(
    _ function: GPUHandle, _ geometry: LaunchGeometry, _ arguments: borrowing ArgumentBlock,
    on stream: GPUHandle
  ) throws {
    try base.launch(function, geometry, arguments, on: stream)
    let (grid, block) = (geometry.grid, geometry.block)
    let extents = [grid.x, grid.y, grid.z, block.x, block.y, block.z].map { UInt32($0) }
    let values = (0..<arguments.count).map { arguments.pointers[$0]?.load(as: UInt64.self) ?? 0 }
    guard let address = state.withLock({ $0.entries[function] }), address != 0 else {
      throw ApusError(.internal, Problem(.internalError, "the host cannot run this kernel"))
    }
    try perform(on: stream) {
      let entry = unsafeBitCast(address, to: Entry.self)
      var slots = values
      Self.turn.withLock { _ in
        slots.withUnsafeMutableBytes { bytes in
          let pointers = values.indices.map { place in bytes.baseAddress.map { $0 + place * 8 } }
          entry(pointers, extents)
        }
      }
    }
  }

  func beginCapture(on stream: GPUHandle) throws { state.withLock { $0.captures[stream] = [] } }
  func endCapture(on stream: GPUHandle) throws -> GPUHandle {
    let handle = newHandle()
    state.withLock { $0.graphs[handle] = $0.captures.removeValue(forKey: stream) }
    return handle
  }
  func launch(graph: GPUHandle, on stream: GPUHandle) throws {
    for action in state.withLock({ $0.graphs[graph] ?? [] }) { try action() }
  }
  func release(graph: GPUHandle) { state.withLock { $0.graphs[graph] = nil } }
  func encode(_ map: TensorMapSpec, address: DeviceAddress) throws -> TensorMap {
    try base.encode(map, address: address)
  }

  func require(_ library: CUDALibrary) throws { try base.require(library) }
  func choices(for work: LibraryWork, workspaceBytes: Int, count: Int) throws -> [LibraryChoice] {
    try base.choices(for: work, workspaceBytes: workspaceBytes, count: count)
  }
  func prepare(_ work: LibraryWork, _ choice: LibraryChoice) throws -> GPUHandle {
    let handle = try base.prepare(work, choice)
    state.withLock { $0.works[handle] = work }
    return handle
  }
  func release(work: GPUHandle) { base.release(work: work) }
  func run(_ work: GPUHandle, _ operands: LibraryOperands, on stream: GPUHandle) throws {
    try base.run(work, operands, on: stream)
    guard !hasIdleLibraries, let described = state.withLock({ $0.works[work] }) else { return }
    try perform(on: stream) { EmulatedLibrary.run(described, operands.addresses) }
  }
}
