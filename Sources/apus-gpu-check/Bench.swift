import ApusCUDA
import ApusCore
import Glibc

func exitProcess(_ code: Int32) -> Never { exit(code) }
func flushOutput() { fflush(nil) }

/// Runs cases on a GPU.
struct Bench {
  struct Outcome {
    var isRight: Bool
    var text: String
  }

  let gpu: DriverGPU
  let stream: Stream
  let cache: KernelCache

  init(_ gpu: DriverGPU) throws {
    self.gpu = gpu
    stream = try Stream(gpu)
    cache = KernelCache(try RuntimeCompiler(), folder: nil)
  }

  func outcome(_ test: Case, image: [UInt8]) throws -> Outcome {
    let spec = test.spec
    let function = try Module(gpu, image: image).function(
      spec.source.entry, sharedBytes: spec.geometry.sharedBytes)
    var buffers: [DeviceBuffer] = []
    var addresses: [String: DeviceAddress] = [:]
    for (name, operand) in test.operands {
      let bytes = operand.bytes
      let buffer = try DeviceBuffer(gpu, byteCount: bytes.count, for: name)
      try bytes.withUnsafeBytes { try buffer.write($0) }
      buffers.append(buffer)
      addresses[name] = buffer.address
    }
    let byteCount = test.expected.count * test.outputElement.byteCount
    let output = try DeviceBuffer(gpu, byteCount: byteCount, for: test.output)
    try gpu.fill(output.address, byteCount: byteCount, with: 0xff, on: stream.handle)
    addresses[test.output] = output.address
    let workspace = try DeviceBuffer(gpu, byteCount: spec.workspaceBytes + spec.zeroedBytes, for: "workspace")
    let zeroed = workspace.address + UInt64(spec.workspaceBytes)
    try gpu.fill(zeroed, byteCount: spec.zeroedBytes, with: 0, on: stream.handle)
    let arguments = ArgumentBlock(try spec.arguments(gpu, addresses, workspace: workspace.address))
    try function.launch(spec.geometry, arguments, on: stream)
    try stream.synchronize()
    let difference = try compare(output, test)
    let graph = try stream.capture {
      for _ in 0..<20 { try function.launch(spec.geometry, arguments, on: stream) }
    }
    let microseconds = try time(graph) / 20
    let again = try compare(output, test)
    withExtendedLifetime((buffers, workspace)) {}
    let isRight = difference < test.outputElement.tolerance && again < test.outputElement.tolerance
    return Outcome(isRight: isRight, text: "relative \(Float(difference)), \(Float(microseconds)) us")
  }

  /// Norm of the difference over the norm of what was expected; infinite where a value is none.
  private func compare(_ output: DeviceBuffer, _ test: Case) throws -> Double {
    var bytes = [UInt8](repeating: 0, count: output.byteCount)
    try bytes.withUnsafeMutableBytes { try output.read(into: $0) }
    var difference = 0.0
    var size = 0.0
    for (value, expected) in zip(test.outputElement.values(bytes), test.expected) {
      guard value.isFinite else { return .infinity }
      difference += Double(value - expected) * Double(value - expected)
      size += Double(expected) * Double(expected)
    }
    return (difference / max(size, 1e-30)).squareRoot()
  }

  /// Microseconds of a replay, the median of nine.
  private func time(_ graph: GraphExecutable) throws -> Double {
    let start = try Event(gpu)
    let end = try Event(gpu)
    var times: [Double] = []
    for _ in 0..<9 {
      try start.record(on: stream)
      try graph.launch(on: stream)
      try end.record(on: stream)
      try end.synchronize()
      times.append(try end.milliseconds(since: start) * 1000)
    }
    return times.sorted()[4]
  }
}
