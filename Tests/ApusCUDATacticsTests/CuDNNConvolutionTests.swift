import ApusCPUTactics
import ApusCUDA
import ApusCore
import ApusEngine
import ApusOperators
import ApusTactics
import ApusTestSupport
import Testing

@testable import ApusCUDATactics

/// Convolutions by cuDNN, without it: what is asked of the library, computed by plain loops, is what the node computes.
@Suite struct CuDNNConvolutionTests {
  private func set(_ gpu: any GPU, precision: String = "fp32") -> TacticSet {
    .cuda(
      CUDARuntime(gpu), images: EmulatedImages(), precision: precision, libraries: .only, host: .cpu())
  }

  @Test(.enabled(if: EmulatedImages.isAvailable, "no C++ compiler"), arguments: [DType.f16, .bf16, .f32])
  func whatIsAskedOfTheLibraryIsWhatTheNodeComputes(_ dtype: DType) throws {
    for (index, node) in libraryConvolutionCases(dtype).enumerated() {
      let report = try node.compare(set(EmulatedGPU()))
      #expect(report.failures == [], "case \(index)")
      #expect(report.tactics.contains { $0.hasPrefix("cuda.cudnn/") }, "\(report.tactics)")
    }
  }

  @Test func thePlanSurvivesTheRecord() throws {
    var conv = Conv()
    conv.activation = Activation(.clip, alpha: 0, beta: 6)
    let work = LibraryWork.convolution(
      LibraryConvolution(
        math: .bf16, images: 2, input: [7, 9, 32], result: [7, 9, 16], kernel: [1, 1], strides: [1, 1],
        dilations: [1, 1], pads: [0, 0, 0, 0], groups: 1, hasBias: true, hasResidual: false,
        activation: KernelActivation(conv.activation)))
    let choice = LibraryChoice(
      version: 92800, description: #"{"engine": "a \"b\"", "knobs": [1, -2]}"#, workspaceBytes: 300)
    var variant = CUDAKernelRecord.Variant(inputs: [], outputs: [], label: "cuDNN 0")
    variant.call = .init(work: work, choice: choice, operands: ["bias": .constant(1)])
    let record = try KernelRecord(
      kind: CUDAKernelRecord.kind, tactic: "cuda.cudnn",
      encoding: CUDAKernelRecord(variants: [variant], packed: [1]), constants: [])
    let parsed = try AttributeDecoder.decode(CUDAKernelRecord.self, from: record.parameters)
    #expect(parsed.variants.first?.call == variant.call)
  }
}
