import ApusCPUTactics
import ApusCUDA
import ApusCore
import ApusEngine
import ApusOperators
import ApusTactics
import Glibc
import Synchronization
import Testing

@testable import ApusCUDATactics

/// Keeps what would be compiled; the machine code is the name of the entry point.
private final class KeptSources: KernelImages {
  let sources = Mutex<[KernelSource]>([])

  func image(_ source: KernelSource, target: String) throws -> [UInt8] {
    sources.withLock { $0.append(source) }
    return Array("\(source.entry) \(target)".utf8)
  }
}

/// A compiler that takes nothing.
private struct NoCompiler: KernelImages {
  func image(_ source: KernelSource, target: String) throws -> [UInt8] {
    throw ApusError(.internal, Problem(.internalError, "kernel x.cu does not compile: x.cu(9): error"))
  }
}

private let compiler = try? RuntimeCompiler()

/// Plugins as CUDA C++ files with a launch description.
@Suite struct KernelPluginTests {
  private static let root = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
  private let example = root + "/Examples/Plugins/row_normalize.cu"

  private func lowered(
    _ dtype: DType, _ shape: [Int], outputs: Int, images: (any KernelImages)? = nil
  ) throws -> (Plan, ExecutablePlan, [KernelSource], NullGPU) {
    let registry = PluginRegistry()
    try PluginFile.load(example, into: registry)
    let op = try registry.require("RowNormalize").makeOperator(["epsilon": .float(0.5)])
    var graph = Graph(name: "case")
    let x = graph.addInput("x", .tensor(dtype, shape.map { .constant($0) }))
    let node = graph.addNode(op, [x], outputs: ["y", "length"])
    #expect(graph.inferTypes().isEmpty)
    graph.setOutputs(Array(graph[node].outputs.compactMap { $0 }.prefix(outputs)))
    let (gpu, kept) = (NullGPU(), KeptSources())
    let set = TacticSet.cuda(CUDARuntime(gpu), images: images ?? kept, host: .cpu())
    let pool = ConstantPool(section: "packed.0")
    let plan = try Lowering.lower(graph, tactics: set, constants: pool, chooser: FirstTactic()).plan
    let catalogue = OperatorCatalogue.standard.adding([KernelPlugin.self])
    let executable = try ExecutablePlan(plan, constants: pool, runtimes: set.runtimes, catalogue: catalogue)
    return (plan, executable, kept.sources.withLock { $0 }, gpu)
  }

  @Test(arguments: [DType.f32, .f16]) func launchesFollowTheDescription(dtype: DType) throws {
    let (plan, executable, sources, gpu) = try lowered(dtype, [5, 300], outputs: 2)
    #expect(
      plan.steps.filter { $0.kernel.kind == CUDAKernelRecord.kind }.map(\.operatorName) == ["KernelPlugin"])
    let binding = try Session(executable).bind(inputs: ["x": Tensor(dtype, [5, 300])])
    try binding.execute()
    let launches = gpu.actions.compactMap { action -> String? in
      guard case .launch(let name, let geometry, _) = action else { return nil }
      return "\(name) \(geometry.grid.x) x \(geometry.block.x) \(geometry.startsEarly)"
    }
    #expect(launches == ["row_lengths 5 x 128 false", "divide_rows 6 x 256 false"])
    let text = try #require(sources.first?.text)
    let type = dtype == .f16 ? "F16" : "F32"
    for line in ["ROWS 5", "COLUMNS 300", "X_COUNT 1500", "X_TYPE \(type)", "Y_TYPE \(type)", "EPSILON 0.5f"]
    {
      #expect(text.contains("#define \(line)\n"))
    }
  }

  @Test func outputsThatNobodyReadsAreWrittenToScratch() throws {
    let (plan, executable, _, _) = try lowered(.f32, [3, 7], outputs: 1)
    #expect(plan.steps.contains { $0.operatorName == "KernelPlugin" })
    try Session(executable).bind(inputs: ["x": Tensor(.f32, [3, 7])]).execute()
  }

  @Test(.enabled(if: compiler != nil, "NVRTC is not installed"), arguments: ["sm_80", "sm_90a"])
  func exampleCompiles(target: String) throws {
    let compiler = try #require(compiler)
    for dtype in [DType.f32, .f16] {
      for source in try lowered(dtype, [5, 300], outputs: 2).2 {
        #expect(try !compiler.cubin(source, target: target).isEmpty)
      }
    }
  }

  @Test func whatDoesNotCompileIsTheFilesFault() throws {
    let error = #expect(throws: ApusError.self) {
      _ = try lowered(.f32, [5, 300], outputs: 2, images: NoCompiler())
    }
    let problem = try #require(error?.problems.first)
    #expect(error?.exitCode == 65 && problem.id == .pluginInvalid && problem.file == example)
    #expect(problem.message.contains("x.cu(9)"))
  }

  @Test func typesAreInferredWithSymbols() throws {
    let registry = PluginRegistry()
    let description = try #require(try PluginFile.load(example, into: registry).first)
    #expect(description.identity == PluginIdentity("RowNormalize", namespace: "example"))
    #expect(description.fields.map(\.typeText) == ["FLOAT32"])
    let op = try registry.require("RowNormalize").makeOperator([:])
    let types = try op.infer(InferenceContext(inputs: [.tensor(.f16, [.symbol("n"), 9])]))
    #expect(types.map(\.description) == ["f16[n,9]", "f32[n]"])
    #expect(throws: OperatorError.self) { try op.infer(InferenceContext(inputs: [.tensor(.f32, [3])])) }
    #expect(throws: OperatorError.self) { try op.infer(InferenceContext(inputs: [.tensor(.i32, [3, 4])])) }
    let error = #expect(throws: OperatorError.self) {
      _ = try op.evaluate(Operands([Tensor(.f32, [2, 2])]))
    }
    #expect(error?.message.contains("for a GPU only") ?? false)
  }

  private func file(_ head: String, name: String = "plugin.cu") throws -> String {
    let path = "/tmp/apus-kernel-\(getpid())-\(UInt32.random(in: 0 ... .max))-\(name)"
    try AtomicFile.write(Array(head.utf8), to: path)
    return path
  }

  private static let whole = """
    "name": "P", "inputs": [{"name": "x", "shape": ["N"]}], "outputs": [{"name": "y", "like": "x"}],
    "launches": [{"kernel": "k", "grid": ["N"], "block": [32], "operands": ["x", "y"]}]
    """

  @Test(arguments: [
    ("int x;", "no comment"), ("/* apus-plugin {", "no comment"), ("/* apus-plugin {*/", "does not read"),
    ("/* apus-plugin {\(whole.replacing("\"name\": \"P\", ", with: ""))}*/", "'name' is missing"),
    ("/* apus-plugin {\(whole), \"sumary\": \"\"}*/", "'sumary'"),
    ("/* apus-plugin {\(whole.replacing("[\"N\"], \"block\"", with: "[\"M\"], \"block\""))}*/", "'M'"),
    ("/* apus-plugin {\(whole.replacing("\"x\", \"y\"", with: "\"x\", \"z\""))}*/", "operand 'z'"),
    (
      "/* apus-plugin {\(whole.replacing("\"like\": \"x\"", with: "\"type\": \"f32\""))}*/",
      "output 'y' needs"
    ),
    ("/* apus-plugin {\(whole), \"library\": \"gone.so\"}*/ void k(", "does not exist"),
    ("/* apus-plugin {\(whole)}*/ void j();", "no kernel 'k'"),
  ])
  func wrongDescriptionsAreRefused(head: String, reason: String) throws {
    let path = try file(head)
    let error = #expect(throws: ApusError.self) { try PluginFile.load(path, into: PluginRegistry()) }
    #expect(error?.problems.first?.message.contains(reason) ?? false, "\(error?.description ?? "")")
    let file = try #require(error?.problems.first?.file)
    #expect(file.hasPrefix("/tmp/"))
    #expect([65, 66].contains(error?.exitCode))
  }

  @Test func aLibraryBesideServesTheCPU() throws {
    let head = """
      /* apus-plugin
      {"name": "SoftThreshold", "namespace": "example", "library": "LIBRARY",
       "fields": [{"name": "lambda", "type": "FLOAT32", "default": 0.5}],
       "inputs": [{"name": "x", "shape": ["ROWS", "COLUMNS"]}],
       "outputs": [{"name": "y", "like": "x"}, {"name": "left", "type": "i32", "shape": ["ROWS"]}],
       "launches": [{"kernel": "k", "grid": ["ROWS"], "block": [32], "operands": ["x", "y", "left"]}]}
      */
      extern "C" __global__ void k(const float *x, float *y, int *left) {}
      """
    let library = try file("", name: "lib.so")
    let status = system(
      "cc -shared -fPIC -I '\(Self.root)/Sources/CApusPlugin/include' "
        + "'\(Self.root)/Examples/Plugins/soft_threshold.c' -o \(library) -lm")
    try #require(status == 0)
    let name = String(library.split(separator: "/").last ?? "")
    let registry = PluginRegistry()
    try PluginFile.load(try file(head.replacing("LIBRARY", with: name)), into: registry)
    let op = try registry.require("SoftThreshold").makeOperator([:])
    #expect(op is KernelPlugin)
    let y = try op.evaluate(Operands([Tensor([1, -0.25, -2] as [Float], shape: [1, 3])], outputCount: 2))
    #expect(y.first?.tensor?.doubles() == [0.5, -0, -1.5])
    #expect(y.last?.tensor?.integers() == [2])
  }
}
