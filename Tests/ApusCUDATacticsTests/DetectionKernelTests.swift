import ApusCPUTactics
import ApusCUDA
import ApusCore
import ApusEngine
import ApusOperators
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
  @Test(arguments: 0..<6)
  func everyKernelComputesWhatItsReferenceDoes(family: Int) throws {
    let cases = [
      retinaNetDecodeCases(), retinaNetNMSCases(), efficientNMSCases(), batchedNMSCases(),
      retinaNetDetectionCases(), roiAlignCases(),
    ][family]
    let isLong = getenv("APUS_LONG") != nil
    try check(cases.enumerated().filter { isLong || $0.offset % 4 == family % 4 }.map(\.element))
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
