import ApusCPUTactics
import ApusCUDA
import ApusCore
import ApusEngine
import ApusOperators
import ApusTactics
import Glibc
import Testing

@testable import ApusCUDATactics

/// Libraries compete with our kernels: checked like them, timed like them.
@Suite(.enabled(if: EmulatedImages.isAvailable, "no C++ compiler")) struct LibraryTuningTests {
  private func lower(_ gpu: EmulatedGPU, _ cache: TimingCache, _ use: LibraryUse = .measured) throws
    -> Lowering.NodeNote
  {
    let set = TacticSet.cuda(CUDARuntime(gpu), images: EmulatedImages(), libraries: use, host: .cpu())
    let graph = try GraphParser.parse(
      """
      graph "product"(%a: f32[21,6], %b: f32[21,5]) -> (%y) {
        %y: f32[6,5] = Gemm(%a, %b) {transA: true}
      }
      """, catalogue: .standard)
    let result = try Lowering.lower(
      graph, tactics: set, constants: ConstantPool(section: "packed.0"), chooser: FirstTactic(),
      tuning: TuningSession(cache: cache, budget: .seconds(60)))
    return try #require(result.notes.first { $0.operatorName == "Gemm" })
  }

  /// The emulated clock stands still, so nobody is faster, and ours stays.
  @Test func everyProgramOfALibraryIsTimed() throws {
    let note = try lower(EmulatedGPU(), TimingCache())
    #expect(note.tactic == "cuda.matmul.general")
    #expect(note.refusals.count { $0.contains("cuBLASLt") && $0.hasSuffix(" us") } == 3, "\(note.refusals)")
    #expect(try lower(EmulatedGPU(), TimingCache(), .never).refusals.allSatisfy { !$0.contains("cuBLASLt") })
  }

  @Test func aLibraryThatIsWrongIsDroppedByName() throws {
    let note = try lower(EmulatedGPU(hasIdleLibraries: true), TimingCache())
    #expect(note.tactic == "cuda.matmul.general")
    #expect(
      note.refusals.count { $0.contains("cuBLASLt") && $0.contains("wrong") } == 3, "\(note.refusals)")
  }

  @Test func whatACacheRemembersOfALibraryIsTaken() throws {
    let path = "/tmp/apus-libraries-\(getpid()).json"
    defer { unlink(path) }
    let cache = TimingCache(path: path)
    _ = try lower(EmulatedGPU(), cache)
    #expect(cache.save() == nil)
    let text = try FileBytes.lines(path).joined(separator: "\n")
    #expect(text.contains("\"gemm\""))
    try AtomicFile.write(Array(text.replacing("\"gemm\"", with: "\"f32 cuBLASLt 1\"").utf8), to: path)
    let note = try lower(EmulatedGPU(), TimingCache(path: path))
    #expect(note.tactic == "cuda.cublaslt" && !note.refusals.contains { $0.hasSuffix(" us") })
  }
}
