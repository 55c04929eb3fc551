import ApusCPUTactics
import ApusCUDA
import ApusTactics
import ApusTestSupport
import Testing

@testable import ApusCUDATactics

private let compiler = try? RuntimeCompiler()

/// Kernels for the host that NVRTC, where it is installed, has taken too.
private struct CheckedImages: KernelImages {
  func image(_ source: KernelSource, target: String) throws -> [UInt8] {
    _ = try compiler?.cubin(source, target: target)
    return try EmulatedImages().image(source, target: target)
  }
}

/// Runs cases through the tactic of a name on an emulated GPU and compares with the references.
///
/// - Parameter batches: In place of the cases' own; every size is a program to compile.
func checkEmulated(
  _ tactic: String, _ cases: [NodeCase], batches: [Int]? = nil,
  sourceLocation: SourceLocation = #_sourceLocation
) throws {
  let set = TacticSet.cuda(CUDARuntime(EmulatedGPU()), images: CheckedImages(), host: .cpu())
  for (index, var node) in cases.enumerated() {
    if let batches { node.batches = batches }
    let report = try node.compare(set)
    #expect(report.failures == [], "case \(index)", sourceLocation: sourceLocation)
    let ran = report.tactics.contains { $0.hasPrefix("\(tactic)/") }
    #expect(ran, "case \(index): \(report.tactics)", sourceLocation: sourceLocation)
  }
}
