import ApusCPUTactics
import ApusCUDA
import ApusCore
import ApusEngine
import ApusOperators
import ApusTactics
import Testing

@testable import ApusCUDATactics

/// A GPU that refuses: the error says what is missing, and the next run works.
@Suite struct FailedRunTests {
  private struct Names: KernelImages {
    func image(_ source: KernelSource, target: String) throws -> [UInt8] { Array(source.entry.utf8) }
  }

  private func executable(_ gpu: NullGPU) throws -> ExecutablePlan {
    let set = TacticSet.cuda(CUDARuntime(gpu), images: Names(), host: .cpu())
    let graph = try GraphParser.parse(
      """
      graph "layers"(%x: f32[n,16,8,8]) -> (%y) {
        %v: f32[24,16,3,3] = constant @0
        %a: f32[n,24,8,8] = Conv(%x, %v) {pads: [1, 1, 1, 1]}
        %b: f32[n,24,4,4] = MaxPool(%a) {kernelShape: [2, 2], strides: [2, 2]}
        %y: f32[n,24,4,4] = Relu(%b)
      }
      """, catalogue: .standard, constants: [Tensor(.f32, [24, 16, 3, 3])])
    let pool = ConstantPool(section: "packed.0")
    let plan = try Lowering.lower(
      graph, tactics: set, constants: pool, chooser: FirstTactic(), sizes: [["n": 2], ["n": 64]]
    ).plan
    return try ExecutablePlan(plan, constants: pool, runtimes: set.runtimes, catalogue: .standard)
  }

  private func input(_ batch: Int) -> [String: Tensor] { ["x": Tensor(.f32, [batch, 16, 8, 8])] }

  @Test func memoryThatIsTooSmallForABatchIsEnoughForTheNext() throws {
    var properties = GPUProperties.hopper
    properties.memoryBytes = 200_000
    let gpu = NullGPU(properties)
    let session = Session(try executable(gpu), options: SessionOptions(threads: 1))
    let before = gpu.allocatedBytes
    let error = #expect(throws: ApusError.self) { _ = try session.run(input(64)) }
    let problem = try #require(error?.problems.first)
    #expect(error?.category == .resources)
    #expect(problem.id == .outOfMemory)
    for part in ["activations", "f32[64,", "needs", "bytes of GPU memory", "of 200000 are free"] {
      #expect(problem.message.contains(part), "\(problem.message)")
    }
    #expect(problem.fix?.contains("lower the batch") == true)
    #expect(gpu.allocatedBytes == before)
    #expect(try session.run(input(2))["y"]?.shape == [2, 24, 4, 4])
  }

  @Test func weightsThatDoNotFitNameTheirNode() throws {
    var properties = GPUProperties.hopper
    properties.memoryBytes = 1000
    let error = #expect(throws: ApusError.self) { _ = try executable(NullGPU(properties)) }
    #expect(error?.problems.first?.id == .outOfMemory)
    #expect(error?.problems.first?.operator == "Conv")
    #expect(error?.problems.first?.node != nil)
  }

  @Test(arguments: [NullGPU.Failure.launch, .synchronize, .launchGraph], 0..<4)
  func theRunAfterAFailedOneWorks(_ failure: NullGPU.Failure, after count: Int) throws {
    let gpu = NullGPU()
    let session = Session(try executable(gpu), options: SessionOptions(threads: 1))
    let binding = try session.bind(inputs: input(2))
    gpu.fail(failure, after: count)
    var failures = 0
    for _ in 0..<6 {
      do { try binding.execute() } catch let error as ApusError {
        failures += 1
        #expect(error.problems.first?.id == .driverFailure)
      }
    }
    #expect(failures == 1)
    let start = gpu.actions.count
    try binding.execute()
    #expect(gpu.actions[start...].contains { if case .launchGraph = $0 { true } else { false } })
  }
}
