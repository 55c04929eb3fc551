import ApusCPUTactics
import ApusCUDA
import ApusCore
import ApusEngine
import ApusOperators
import ApusOptimizer
import ApusTactics
import ApusTestSupport
import Glibc
import Testing

@testable import ApusCUDATactics

/// The kernels of detection on the emulated GPU, against the operators' references.
@Suite(.enabled(if: EmulatedImages.isAvailable, "clang is not installed"))
struct DetectionKernelTests {
  /// Runs a graph twice, the second time as a replay; what differs, or nil.
  private func fault(
    _ graph: Graph, _ inputs: [String: Tensor], _ expected: [String: Tensor], layout: Layout? = nil
  ) throws -> String? {
    let set = TacticSet.cuda(CUDARuntime(EmulatedGPU()), images: EmulatedImages(), host: .cpu())
    let pool = ConstantPool(section: "packed.0")
    let result = try Lowering.lower(graph, tactics: set, constants: pool, chooser: FirstTactic())
    guard result.plan.steps.contains(where: { $0.kernel.kind == CUDAKernelRecord.kind }) else {
      return "not on the GPU: \(result.notes)"
    }
    let last = result.plan.steps.last { $0.kernel.kind == CUDAKernelRecord.kind }
    if let layout, let value = last?.inputs.first ?? nil, result.plan.values[value].layout != layout {
      return "the last kernel reads \(result.plan.values[value].layout)"
    }
    let plan = try ExecutablePlan(
      result.plan, constants: pool, runtimes: set.runtimes, catalogue: .standard)
    let binding = try Session(plan).bind(inputs: inputs)
    for _ in 0..<2 {
      try binding.execute()
      if let fault = OperatorCase.difference(try binding.outputs(), expected) { return fault }
    }
    return nil
  }

  private func check(_ cases: [OperatorCase]) throws {
    for test in cases {
      let (graph, inputs, expected) = try test.graph()
      let fault = try fault(graph, inputs, expected)
      #expect(fault == nil, "\(test.label): \(fault ?? "")")
    }
  }

  /// A part of the cases, all of them in the long lane (`APUS_LONG`) and on GPUs in `apus-gpu-check`.
  @Test(arguments: 0..<8)
  func everyKernelComputesWhatItsReferenceDoes(family: Int) throws {
    let cases = [
      retinaNetDecodeCases(), retinaNetNMSCases(), efficientNMSCases(), batchedNMSCases(),
      retinaNetDetectionCases(), roiAlignCases(), suppressionCases(), deformableCases(),
    ][family]
    let isLong = getenv("APUS_LONG") != nil
    try check(
      cases.enumerated().filter { isLong || ($0.offset + $0.offset / 4) % 4 == family % 4 }.map(\.element))
  }

  /// The device keeps rows of a fixed size, and the host cuts out those that are there.
  @Test(arguments: [false, true]) func suppressionOfUnknownLengthRunsOnTheDevice(isONNX: Bool) throws {
    var graph = Graph(name: "suppression")
    let shapes = isONNX ? [[2, 50, 4], [2, 3, 50]] : [[90, 4], [90]]
    let inputs = [boxes(shapes[0], .f32, extent: 100), Spread.all.scores(shapes[1], .f32)]
    let limits = isONNX ? [Tensor([Int64.max]), Tensor([Float(0.4)]), Tensor([Float(0.3)])] : []
    var values: [ValueID?] = inputs.enumerated().map { index, tensor in
      graph.addInput("x\(index)", .tensor(.f32, tensor.shape.map { .constant($0) }))
    }
    values += limits.map { graph.addConstant($0, name: "limit") }
    let op: any ApusCore.Operator =
      isONNX ? NonMaxSuppression() : BoxSuppression(iouThreshold: 0.4, byClass: false)
    let node = graph.addNode(op, values, outputs: ["y"])
    if let problem = graph.inferTypes().first { throw ApusError(.internal, problem) }
    graph.setOutputs(graph[node].outputs.compactMap { $0 })
    _ = try RuleSet("test", [PadSuppression()]).run(&graph, PassContext())
    graph.removeDead()
    #expect(graph.allNodes.contains { $0.op is PaddedSuppression })
    let expected = try op.evaluate(Operands(inputs + limits)).first?.tensor
    let fed = ["x0": inputs[0], "x1": inputs[1]]
    let fault = try fault(graph, fed, ["y": try #require(expected)])
    #expect(fault == nil, "\(fault ?? "")")
  }

  /// The pooling gives levels that lie channels last.
  @Test func levelsMayLieChannelsLast() throws {
    for test in retinaNetDetectionCases().filter({
      $0.label.hasSuffix("few 3") || $0.label.hasSuffix("ties 3")
    }) {
      let (original, inputs, expected) = try test.graph()
      var graph = original
      guard let node = graph.allNodes.first else { continue }
      var identity = MaxPool()
      identity.kernelShape = [1, 1]
      for (index, input) in node.inputs.enumerated() {
        let pool = graph.addNode(identity, [input], outputs: ["p\(index)"])
        graph.setInput(index, of: node.id, to: graph[pool].outputs[0])
      }
      if let problem = graph.inferTypes().first { throw ApusError(.internal, problem) }
      #expect(try fault(graph, inputs, expected, layout: .channelsLast) == nil, "\(test.label)")
    }
  }
}
