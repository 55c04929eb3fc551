import ApusCUDA
import ApusCore
import Testing

@Suite struct NullGPUTests {
  @Test func buffersKeepWhatIsWritten() throws {
    let gpu = NullGPU()
    let buffer = try DeviceBuffer(gpu, byteCount: 100, for: "a test")
    let written = (0..<60).map { UInt8($0) }
    try written.withUnsafeBytes { try buffer.write($0, at: 7) }
    var read = [UInt8](repeating: 0, count: 60)
    try read.withUnsafeMutableBytes { try buffer.read(into: $0, at: 7) }
    #expect(read == written)
    #expect(throws: ApusError.self) { try written.withUnsafeBytes { try buffer.write($0, at: 50) } }
  }

  @Test func buffersAreReleasedWithTheirOwner() throws {
    let gpu = NullGPU()
    do {
      let buffer = try DeviceBuffer(gpu, byteCount: 1000, for: "a test")
      #expect(gpu.allocatedBytes == 1000)
      _ = buffer
    }
    #expect(gpu.allocatedBytes == 0)
  }

  @Test func outOfMemorySaysWhatIsNeededAndFree() throws {
    var properties = GPUProperties.hopper
    properties.memoryBytes = 1000
    let gpu = NullGPU(properties)
    let first = try DeviceBuffer(gpu, byteCount: 600, for: "weights")
    let error = #expect(throws: ApusError.self) { try DeviceBuffer(gpu, byteCount: 700, for: "the arena") }
    #expect(error?.category == .resources)
    #expect(error?.problems.first?.id == .outOfMemory)
    #expect(
      error?.description.contains("the arena needs 700 bytes of GPU memory, 400 of 1000 are free") == true)
    _ = first
  }

  @Test func launchesAreRecorded() throws {
    let gpu = NullGPU()
    let stream = try Stream(gpu)
    let function = try Module(gpu, image: [1, 2, 3]).function("kernel", sharedBytes: 100_000)
    let geometry = LaunchGeometry(grid: .init(3, 2), block: .init(128), sharedBytes: 100_000)
    try function.launch(geometry, ArgumentBlock([.address(64), .integer(3), .float(0.5)]), on: stream)
    try stream.synchronize()
    #expect(gpu.actions == [.launch(function: "kernel", geometry, argumentCount: 3), .synchronize])
  }

  @Test func capturedLaunchesReplay() throws {
    let gpu = NullGPU()
    let stream = try Stream(gpu)
    let function = try Module(gpu, image: []).function("kernel")
    let geometry = LaunchGeometry(grid: .init(1), block: .init(32))
    let graph = try stream.capture {
      for _ in 0..<3 { try function.launch(geometry, ArgumentBlock([]), on: stream) }
    }
    #expect(gpu.actions.isEmpty)
    try graph.launch(on: stream)
    #expect(gpu.actions == [.launchGraph(["kernel", "kernel", "kernel"])])
  }

  @Test(arguments: [
    LaunchGeometry(grid: .init(1), block: .init(2048)),
    LaunchGeometry(grid: .init(0), block: .init(32)),
    LaunchGeometry(grid: .init(1, 70000), block: .init(32)),
    LaunchGeometry(grid: .init(1), block: .init(32), sharedBytes: 300 << 10),
    LaunchGeometry(grid: .init(16), block: .init(32), cluster: .init(16)),
  ])
  func launchesThatNoDeviceTakesAreRefused(geometry: LaunchGeometry) throws {
    let gpu = NullGPU()
    let stream = try Stream(gpu)
    let function = try Module(gpu, image: []).function("kernel")
    #expect(throws: ApusError.self) { try function.launch(geometry, ArgumentBlock([]), on: stream) }
  }

  @Test func aMissingDriverIsAnErrorWithAFix() {
    guard let count = try? DriverGPU.count() else {
      let error = #expect(throws: ApusError.self) { try DriverGPU(ordinal: 0) }
      #expect(error?.problems.first?.id == .deviceMissing)
      #expect(error?.problems.first?.fix != nil)
      return
    }
    #expect(throws: ApusError.self) { try DriverGPU(ordinal: count) }
  }

  @Test func everyLibraryIsReported() {
    let findings = CUDALibraries.findings()
    #expect(findings.map(\.name) == ["CUDA driver", "NVRTC", "cuBLASLt", "cuDNN"])
    for finding in findings {
      #expect((finding.path != nil && finding.version != nil) != (finding.problem != nil))
    }
  }
}
