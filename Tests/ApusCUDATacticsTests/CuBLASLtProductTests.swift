import ApusCPUTactics
import ApusCUDA
import ApusCore
import ApusEngine
import ApusOperators
import ApusTactics
import ApusTestSupport
import Testing

@testable import ApusCUDATactics

/// Products by cuBLASLt, without it: what is asked of the library, computed by plain loops, is what the node computes.
@Suite struct CuBLASLtProductTests {
  private struct Names: KernelImages {
    func image(_ source: KernelSource, target: String) throws -> [UInt8] { Array(source.entry.utf8) }
  }

  private func set(_ gpu: any GPU, _ use: LibraryUse = .always, precision: String = "fp32") -> TacticSet {
    .cuda(CUDARuntime(gpu), images: Names(), precision: precision, libraries: use, host: .cpu())
  }

  private func plan(_ set: TacticSet, activation: String = "relu", dtype: String = "f16") throws -> (
    Plan, ConstantPool
  ) {
    let graph = try GraphParser.parse(
      """
      graph "layer"(%x: \(dtype)[n,64]) -> (%y) {
        %w: \(dtype)[64,40] = constant @0
        %b: \(dtype)[40] = constant @1
        %y: \(dtype)[n,40] = Linear(%x, %w, %b) {activation: {kind: "\(activation)", alpha: 0.0, beta: 0.0}}
      }
      """, catalogue: .standard,
      constants: [
        Tensor(try #require(DType(rawValue: dtype)), [64, 40]),
        Tensor(try #require(DType(rawValue: dtype)), [40]),
      ])
    let pool = ConstantPool(section: "packed.0")
    let plan = try Lowering.lower(
      graph, tactics: set, constants: pool, chooser: FirstTactic(), sizes: [["n": 8]]
    ).plan
    return (plan, pool)
  }

  @Test(arguments: [DType.f16, .bf16, .f32])
  func whatIsAskedOfTheLibraryIsWhatTheNodeComputes(_ dtype: DType) throws {
    for (index, var node) in libraryProductCases(dtype).enumerated() {
      node.runs = 2
      let report = try node.compare(set(EmulatedGPU(), .only))
      #expect(report.failures == [], "case \(index)")
      #expect(!report.tactics.isEmpty && report.tactics.allSatisfy { $0.hasPrefix("cuda.cublaslt/") })
    }
  }

  @Test func itIsTakenOnlyWhereAskedOrMeasured() throws {
    #expect(try plan(set(NullGPU(), .never)).0.steps.allSatisfy { $0.kernel.tactic != "cuda.cublaslt" })
    #expect(try plan(set(NullGPU(), .measured)).0.steps.allSatisfy { $0.kernel.tactic != "cuda.cublaslt" })
    #expect(try plan(set(NullGPU())).0.steps.contains { $0.kernel.tactic == "cuda.cublaslt" })
    // The library's GELU is another one than the exact.
    #expect(
      try plan(set(NullGPU()), activation: "gelu").0.steps.contains { $0.kernel.tactic == "cuda.linear" })
    #expect(
      try plan(set(NullGPU(), libraries: [])).0.steps.contains { $0.kernel.tactic == "cuda.linear" })
  }

  private func set(_ gpu: NullGPU, libraries: Set<CUDALibrary>) -> TacticSet {
    set(NullGPU(gpu.properties, libraries: libraries))
  }

  @Test func fp32IsTF32OnlyWhereAsked() throws {
    for (precision, math) in [("fp32", ConvolutionProblem.Math.f32), ("tf32", .tf32)] {
      let (plan, _) = try plan(set(NullGPU(), precision: precision), dtype: "f32")
      let record = try #require(plan.steps.first { $0.kernel.tactic == "cuda.cublaslt" }?.kernel)
      let parsed = try AttributeDecoder.decode(CUDAKernelRecord.self, from: record.parameters)
      guard case .product(let product)? = parsed.variants.first?.call?.work else {
        Issue.record("no product")
        return
      }
      #expect(product.math == math)
    }
  }

  @Test func aLibraryWinsOnlyWhereItShows() {
    let ours = CUDAProgram("ours", [])
    var theirs = CUDAProgram("theirs", [])
    theirs.call = CUDAProgram.Call(
      work: .product(MatrixProduct(math: .f16, rows: 1, columns: 1, reduction: 1)),
      choice: LibraryChoice(version: 1, description: "", workspaceBytes: 0), operands: [:])
    let best = ProgramTuner.Choice(program: ours, microseconds: 100)
    #expect(ProgramTuner.wins(ours, 99.9, over: best))
    #expect(!ProgramTuner.wins(theirs, 99, over: best))
    #expect(ProgramTuner.wins(theirs, 97, over: best))
    #expect(ProgramTuner.wins(theirs, 98, over: nil))
    let another = ProgramTuner.Choice(program: theirs, microseconds: 100)
    #expect(ProgramTuner.wins(theirs, 99.9, over: another))
  }

  @Test func theCallIsPartOfTheRecordedGraph() throws {
    let gpu = NullGPU()
    let (plan, pool) = try plan(set(gpu))
    let executable = try ExecutablePlan(
      plan, constants: pool, runtimes: set(gpu).runtimes, catalogue: .standard)
    let binding = try Session(executable).bind(inputs: ["x": Tensor(.f16, [8, 64])])
    try binding.execute()
    let wanted: Set = ["input", "weights", "bias", "output"]
    #expect(gpu.actions.contains { if case .call(_, let given) = $0 { given == wanted } else { false } })
    let before = gpu.actions.count
    try binding.execute()
    #expect(
      gpu.actions[before...].contains {
        if case .launchGraph(let names) = $0 { names.contains("cuBLASLt") } else { false }
      })
  }

  @Test func withoutTheLibraryOursComputes() throws {
    let (plan, pool) = try plan(set(NullGPU()))
    let bare = NullGPU(libraries: [])
    let executable = try ExecutablePlan(
      plan, constants: pool, runtimes: [CUDARuntime(bare)] + TacticSet.cpu().runtimes, catalogue: .standard)
    try Session(executable).bind(inputs: ["x": Tensor(.f16, [8, 64])]).execute()
    #expect(bare.actions.contains { if case .launch = $0 { true } else { false } })
    #expect(bare.actions.allSatisfy { if case .call = $0 { false } else { true } })
  }

  @Test func whatTheLibraryRefusesOursComputes() throws {
    let gpu = NullGPU()
    let (plan, pool) = try plan(set(gpu))
    let executable = try ExecutablePlan(
      plan, constants: pool, runtimes: set(gpu).runtimes, catalogue: .standard)
    let binding = try Session(executable).bind(inputs: ["x": Tensor(.f16, [8, 64])])
    gpu.fail(.call)
    for _ in 0..<3 { try binding.execute() }
    #expect(gpu.actions.allSatisfy { if case .call = $0 { false } else { true } })
    #expect(gpu.actions.contains { if case .launch = $0 { true } else { false } })
    #expect(
      gpu.actions.contains {
        if case .launchGraph(let names) = $0 { !names.contains("cuBLASLt") } else { false }
      })
  }

  /// The weights lie on the GPU once, whoever computes.
  @Test func onlyWhatRunsTakesMemory() throws {
    let (plan, pool) = try plan(set(NullGPU(), precision: "fp32"), dtype: "f32")
    let (full, bare) = (NullGPU(), NullGPU(libraries: []))
    for gpu in [full, bare] {
      let executable = try ExecutablePlan(
        plan, constants: pool, runtimes: [CUDARuntime(gpu)] + TacticSet.cpu().runtimes, catalogue: .standard)
      let weights = gpu.actions.compactMap {
        if case .copyToDevice(_, let byteCount) = $0 { byteCount } else { nil }
      }
      #expect(weights.count { $0 >= 64 * 40 * 4 } == 1, "\(weights)")
      withExtendedLifetime(executable) {}
    }
  }

  @Test func aCallWithNothingBehindItSaysWhatToInstall() throws {
    let work = LibraryWork.product(MatrixProduct(math: .f16, rows: 8, columns: 8, reduction: 8))
    var variant = CUDAKernelRecord.Variant(inputs: [[8, 8]], outputs: [[8, 8]], label: "cuBLASLt")
    let choice = LibraryChoice(version: 1, description: "", workspaceBytes: 0)
    variant.call = .init(work: work, choice: choice, operands: [:])
    let record = try KernelRecord(
      kind: CUDAKernelRecord.kind, tactic: "cuda.cublaslt",
      encoding: CUDAKernelRecord(variants: [variant], packed: []))
    let error = #expect(throws: ApusError.self) {
      _ = try CUDARuntime(NullGPU(libraries: [])).revive(record, constants: [])
    }
    #expect(error?.exitCode == 69)
    #expect(error?.problems.first?.message.contains("cuBLASLt") == true)
    #expect(error?.problems.first?.fix?.contains("nvidia-cublas") == true)
  }
}
