import ApusCPUTactics
import ApusCUDA
import ApusCore
import ApusEngine
import ApusOperators
import ApusTactics
import Testing

@testable import ApusCUDATactics

/// What each step costs, and has to do at least.
@Suite struct StepTimeTests {
  private struct Names: KernelImages {
    func image(_ source: KernelSource, target: String) throws -> [UInt8] { Array(source.entry.utf8) }
  }

  private func profile(_ text: String, _ constants: [Tensor], _ inputs: [String: Tensor]) throws -> (
    Plan, [StepTime], Double
  ) {
    let set = TacticSet.cuda(CUDARuntime(NullGPU()), images: Names(), host: .cpu())
    let graph = try GraphParser.parse(text, catalogue: .standard, constants: constants)
    let pool = ConstantPool(section: "packed.0")
    let plan = try Lowering.lower(graph, tactics: set, constants: pool, chooser: FirstTactic()).plan
    let binding = try Session(
      ExecutablePlan(plan, constants: pool, runtimes: set.runtimes, catalogue: .standard)
    ).bind(inputs: inputs)
    let times = try binding.profile(runs: 3)
    try binding.execute()
    return (plan, times, try binding.deviceMilliseconds() ?? 0)
  }

  /// On a device where every kernel takes a microsecond, one of them a step.
  @Test func stepsCostWhatTheyAddToTheRecording() throws {
    let (plan, times, whole) = try profile(
      """
      graph "g"(%x: f32[2,64,14,14]) -> (%y) {
        %v: f32[96,64,3,3] = constant @0
        %a: f32[2,96,14,14] = Conv(%x, %v) {pads: [1, 1, 1, 1]}
        %b: f32[2,96,7,7] = MaxPool(%a) {kernelShape: [2, 2], strides: [2, 2]}
        %c: f32[2,96,1,1] = GlobalAveragePool(%b)
        %y: f32[2,96,1,1] = Sigmoid(%c)
      }
      """, [Tensor(.f32, [96, 64, 3, 3])], ["x": Tensor(.f32, [2, 64, 14, 14])])
    let inner = zip(plan.steps, times).filter { $0.0.operatorName != "DeviceCopy" }
    #expect(inner.count >= 4)
    #expect(inner.allSatisfy { $0.1.isOnDevice && abs($0.1.microseconds - 1) < 1e-9 })
    #expect(abs(inner.reduce(0) { $0 + $1.1.microseconds } - whole * 1000) < 1e-9)
    let conv = try #require(inner.first { $0.0.operatorName == "Conv" }?.1.work)
    let products = 2 * 96 * 14 * 14 * 64 * 9
    #expect(conv.operations == Double(2 * products))
    let (read, written) = (2 * 64 * 14 * 14, 2 * 96 * 14 * 14)
    #expect(conv.activationBytes == Double(4 * (read + written)))
    // Two numbers for each weight where it is multiplied as three products.
    let weights = Double(4 * 96 * 64 * 9)
    #expect([weights, 2 * weights].contains(conv.constantBytes))
    #expect(conv.floorMicroseconds > 0)
    let pool = try #require(inner.first { $0.0.operatorName == "MaxPool" }?.1.work)
    #expect(pool.operations == 0)
    let pixels = 14 * 14 + 7 * 7
    #expect(pool.activationBytes == Double(4 * 2 * 96 * pixels))
  }

  @Test func productsAndAttentionCountTheirOperations() throws {
    let (plan, times, _) = try profile(
      """
      graph "g"(%x: f16[2,10,64], %t: i64[2,3]) -> (%y, %z) {
        %w: f16[64,32] = constant @0
        %table: f16[1000,8] = constant @1
        %l: f16[2,10,32] = Linear(%x, %w)
        %y: f16[2,10,32] = ScaledDotProductAttention(%l, %l, %l) {heads: 2, scale: 0.25}
        %z: f16[2,3,8] = Gather(%table, %t)
      }
      """, [Tensor(.f16, [64, 32]), Tensor(.f16, [1000, 8])],
      ["x": Tensor(.f16, [2, 10, 64]), "t": Tensor(.i64, [2, 3])])
    func work(_ name: String) throws -> KernelWork {
      let number = try #require(plan.steps.firstIndex { $0.operatorName == name })
      return try #require(times[number].work)
    }
    let (linear, attention) = (2 * 10 * 32 * 64, 2 * 2 * 10 * 10 * 32)
    #expect(try work("Linear").operations == Double(2 * linear))
    #expect(try work("ScaledDotProductAttention").operations == Double(2 * attention))
    let gather = try work("Gather")
    // Three of the table's rows for each of two pictures, read and written, and their numbers.
    let (row, places) = (2 * 8, 2 * 3)
    #expect(gather.constantBytes + gather.activationBytes == Double(places * (2 * row + 8)))
  }

  /// A plan of the host alone is timed by its clock.
  @Test func theHostsStepsAreTimed() throws {
    let set = TacticSet.cpu()
    let graph = try GraphParser.parse(
      "graph \"g\"(%x: f32[100,100]) -> (%y) {\n  %a: f32[100,100] = Exp(%x)\n  %y: f32[100,100] = MatMul(%a, %a)\n}",
      catalogue: .standard, constants: [])
    let pool = ConstantPool(section: "packed.0")
    let plan = try Lowering.lower(graph, tactics: set, constants: pool, chooser: FirstTactic()).plan
    let binding = try Session(
      ExecutablePlan(plan, constants: pool, runtimes: set.runtimes, catalogue: .standard)
    ).bind(inputs: ["x": Tensor(.f32, [100, 100])])
    let times = try binding.profile(runs: 3)
    #expect(times.count == plan.steps.count)
    #expect(times.allSatisfy { $0.microseconds > 0 && !$0.isOnDevice })
  }
}
