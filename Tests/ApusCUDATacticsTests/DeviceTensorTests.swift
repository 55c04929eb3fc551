import ApusCPUTactics
import ApusCUDA
import ApusCore
import ApusEngine
import ApusOperators
import ApusTactics
import ApusTestSupport
import Testing

@testable import ApusCUDATactics

/// Inputs and outputs that stay in the GPU's memory, and host memory that its copies reach.
@Suite struct DeviceTensorTests {
  private struct Names: KernelImages {
    func image(_ source: KernelSource, target: String) throws -> [UInt8] { Array(source.entry.utf8) }
  }

  private static let text = """
    graph "small"(%x: f32[3,7], %z: f32[7]) -> (%y, %w) {
      %a: f32[3,7] = Mul(%x, %x)
      %y: f32[3,7] = Add(%a, %z)
      %w: f32[3,7] = Sub(%a, %z)
    }
    """

  private func session(_ gpu: any GPU, _ images: any KernelImages, _ text: String = text) throws -> Session {
    let set = TacticSet.cuda(CUDARuntime(gpu), images: images, host: .cpu())
    let graph = try GraphParser.parse(text, catalogue: .standard)
    let pool = ConstantPool(section: "packed.0")
    let plan = try Lowering.lower(graph, tactics: set, constants: pool, chooser: FirstTactic()).plan
    return Session(
      try ExecutablePlan(plan, constants: pool, runtimes: set.runtimes, catalogue: .standard),
      options: SessionOptions(threads: 1))
  }

  private func device(_ buffer: DeviceBuffer, _ shape: [Int]) -> DeviceTensor {
    DeviceTensor(.f32, shape, address: UInt(buffer.address))
  }

  private func write(_ values: [Float], to buffer: DeviceBuffer) throws {
    try values.withUnsafeBytes { try buffer.write($0) }
  }

  @Test(.enabled(if: EmulatedImages.isAvailable, "clang is not installed"))
  func theDeviceReadsAndWritesWhereTheCallerSays() throws {
    let gpu = EmulatedGPU()
    let session = try session(gpu, EmulatedImages())
    let (x, y) = (
      try DeviceBuffer(gpu, byteCount: 84, for: "x"), try DeviceBuffer(gpu, byteCount: 84, for: "y")
    )
    let z = try session.stage(.f32, [7])
    let binding = try session.bind(
      inputs: ["z": z.tensor], deviceInputs: ["x": device(x, [3, 7])],
      deviceOutputs: ["y": device(y, [3, 7])])
    for _ in 0..<3 {
      let values = (0..<21).map { _ in Float.random(in: -2...2) }
      let added = (0..<7).map { _ in Float.random(in: -2...2) }
      try write(values, to: x)
      z.write { bytes in
        for (index, value) in added.enumerated() {
          bytes.storeBytes(of: value, toByteOffset: index * 4, as: Float.self)
        }
      }
      try binding.execute()
      var found = [Float](repeating: 0, count: 21)
      try found.withUnsafeMutableBytes { try y.read(into: $0) }
      let outputs = try binding.outputs()
      #expect(Set(outputs.keys) == ["w"])
      let rest: [Float] = outputs["w"]?.elements() ?? []
      for index in 0..<21 {
        let square = values[index] * values[index]
        #expect((found[index] - (square + added[index % 7])).magnitude < 1e-5)
        #expect((rest[index] - (square - added[index % 7])).magnitude < 1e-5)
      }
      // The caller's input stays as it is.
      var kept = [Float](repeating: 0, count: 21)
      try kept.withUnsafeMutableBytes { try x.read(into: $0) }
      #expect(kept == values)
    }
  }

  @Test func nothingCrossesTheBusAndEverythingIsOneReplay() throws {
    let gpu = NullGPU()
    let session = try session(gpu, Names())
    let buffers = try (0..<4).map { try DeviceBuffer(gpu, byteCount: 84, for: "buffer \($0)") }
    let binding = try session.bind(
      deviceInputs: ["x": device(buffers[0], [3, 7]), "z": device(buffers[1], [7])],
      deviceOutputs: ["y": device(buffers[2], [3, 7]), "w": device(buffers[3], [3, 7])])
    try binding.execute()
    let before = gpu.actions.count
    try binding.execute()
    let second = gpu.actions[before...]
    #expect(second.count { if case .launchGraph = $0 { true } else { false } } == 1)
    let crosses = second.contains {
      switch $0 {
      case .copyToDevice, .copyToHost: true
      default: false
      }
    }
    #expect(!crosses)
    #expect(try binding.outputs().isEmpty)
    #expect(try binding.deviceMilliseconds() != nil)
  }

  @Test func outputsOfBindingsAreWhereCopiesReachThem() throws {
    let gpu = NullGPU()
    let session = try session(gpu, Names())
    let inputs = ["x": Tensor(.f32, [3, 7]), "z": Tensor(.f32, [7])]
    let pinned = { gpu.actions.count { if case .allocateHost = $0 { true } else { false } } }
    _ = try session.run(inputs)
    #expect(pinned() == 0)
    let binding = try session.bind(inputs: inputs)
    #expect(pinned() == 2)
    try binding.execute()
  }

  @Test func whatTheHostNeedsCannotStayOnTheDevice() throws {
    let gpu = NullGPU()
    let buffer = try DeviceBuffer(gpu, byteCount: 128, for: "buffer")
    func message(
      _ session: Session, _ inputs: [String: DeviceTensor], _ outputs: [String: DeviceTensor] = [:]
    )
      -> String
    {
      do {
        _ = try session.bind(
          inputs: inputs["x"] == nil ? ["x": Tensor(.f32, [3, 7])] : [:], deviceInputs: inputs,
          deviceOutputs: outputs)
        return "bound"
      } catch { return "\(error)" }
    }
    let mixed = try session(
      gpu, Names(),
      """
      graph "mixed"(%x: f32[3,7]) -> (%y, %v) {
        %y: f32[3,7] = Bernoulli(%x)
        %v: f32[3,7] = Relu(%x)
      }
      """)
    let tensor = device(buffer, [3, 7])
    #expect(message(mixed, ["x": tensor]).contains("needed on the host, by"))
    #expect(message(mixed, [:], ["y": tensor]).contains("needed on the host, by"))
    #expect(message(mixed, [:], ["v": device(buffer, [7, 3])]).contains("another type or shape"))
    #expect(message(mixed, [:], ["u": tensor]).contains("'u' is no output"))
    #expect(message(mixed, [:], ["v": DeviceTensor(.f32, [3, 7], address: 0)]).contains("address 0"))
    #expect(message(mixed, [:], ["v": tensor]) == "bound")
  }
}
