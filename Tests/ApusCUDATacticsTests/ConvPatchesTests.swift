import ApusCPUTactics
import ApusCUDA
import ApusCore
import ApusOperators
import ApusTactics
import ApusTestSupport
import Testing

@testable import ApusCUDATactics

@Suite(.enabled(if: EmulatedImages.isAvailable, "no C++ compiler"))
struct ConvPatchesTests {
  /// The tactic with products on the ordinary units only: the host has no tensor cores.
  private struct Scalar: CUDATactic {
    let base: ConvPatches
    var context: CUDAContext { base.context }
    var name: String { base.name }
    var operators: [any Operator.Type] { base.operators }

    func supports(_ node: TacticNode) -> Support { base.supports(node) }
    func absorbed(_ node: TacticNode) -> Set<Int> { base.absorbed(node) }
    func inPlace(_ node: TacticNode) -> [[Int]] { base.inPlace(node) }

    func programs(_ node: ConcreteNode) throws -> [CUDAProgram] {
      try base.programs(node).filter { program in
        program.launches.last?.spec.source.name == "conv_simt.cu" && !program.label.contains("split")
      }
    }
  }

  @Test func windowsSideBySide() throws {
    let whole = TacticSet.cuda(CUDARuntime(EmulatedGPU()), images: EmulatedImages(), host: .cpu())
    let context = CUDAContext(EmulatedGPU().properties, images: EmulatedImages())
    let tactics: [any Tactic] = [
      Scalar(base: ConvPatches(context: context)), ReorderLayout(context: context), CopyAcross(),
    ]
    let set = TacticSet(target: whole.target, runtime: whole.runtime, tactics: tactics)
    for (index, node) in patchConvolutionCases(.f32).enumerated() {
      let report = try node.compare(set)
      #expect(report.failures == [], "case \(index)")
      #expect(report.tactics == ["cuda.conv.patches/rowMajor"], "case \(index)")
    }
  }

  @Test func otherWindowsAreLeftToOthers() throws {
    let tactic = ConvPatches(context: CUDAContext(EmulatedGPU().properties, images: EmulatedImages()))
    func reason(_ input: [Int], _ weights: [Int], _ change: (inout Conv) -> Void = { _ in }) throws -> String
    {
      var graph = Graph(name: "g")
      var conv = Conv()
      conv.strides = Array(weights[2...])
      change(&conv)
      let x = graph.addInput("x", .tensor(.f32, input.map { .constant($0) }))
      let id = graph.addNode(conv, [x, graph.addConstant(Tensor(.f32, weights))], outputs: ["y"])
      try #require(graph.inferTypes().isEmpty)
      guard case .no(let reason) = tactic.supports(TacticNode(graph[id], in: graph)) else { return "none" }
      return reason
    }
    #expect(try reason([1, 3, 32, 32], [8, 3, 16, 16]) == "none")
    #expect(try reason([1, 3, 32, 32], [8, 3, 16, 16]) { $0.strides = [8, 16] }.contains("strides"))
    #expect(try reason([1, 3, 32, 32], [8, 3, 1, 1]).contains("strides"))
    #expect(try reason([1, 3, 32, 32], [8, 3, 16, 16]) { $0.pads = [0, 0, 16, 0] }.contains("padding"))
    #expect(try reason([1, 8, 32, 32], [8, 8, 2, 2]).contains("multiple of 8"))
    #expect(try reason([1, 3, 32, 32], [8, 3, 2, 2]).contains("multiple of 8"))
    #expect(try reason([1, 3, 33, 32], [8, 3, 16, 16]).contains("rest"))
  }
}
