import ApusCPUTactics
import ApusCUDA
import ApusCore
import ApusEngine
import ApusOperators
import ApusTactics
import Glibc
import Testing

@testable import ApusCUDATactics

private struct NoImages: KernelImages {
  func image(_ source: KernelSource, target: String) throws -> [UInt8] { Array(source.entry.utf8) }
}

/// Libraries that compute on a GPU, on one whose memory is the host's.
@Suite struct PluginLibraryOnGPUTests {
  private static let root = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")

  /// Twice its input; fails without a stream.
  private func source(_ name: String, devices: String) -> String {
    """
    #include <apus_plugin.h>
    static int32_t infer(const apus_plugin_values *v, const apus_plugin_dims *d, const apus_plugin_type *in,
        int32_t n, apus_plugin_type *out, apus_plugin_message *m) { out[0] = in[0]; return 0; }
    static int32_t enqueue(const apus_plugin_values *v, const apus_plugin_tensor *in, int32_t n,
        const apus_plugin_tensor *out, void *w, void *stream, apus_plugin_message *m) {
      for (int i = 0; i < in[0].shape[0]; i++) ((float *)out[0].data)[i] = 2 * ((float *)in[0].data)[i];
      return stream == 0;
    }
    static const apus_plugin plugins[] = {{.size = sizeof(apus_plugin), .name = "\(name)", .version = "1",
      .name_space = "", .summary = "", .minimum_inputs = 1, .maximum_inputs = 1, .output_count = 1,
      .devices = \(devices), .infer = infer, .enqueue = enqueue}};
    static const apus_plugin_library library = {.abi = APUS_PLUGIN_ABI, .count = 1, .plugins = plugins};
    const apus_plugin_library *apus_plugin_describe(uint32_t abi) { return &library; }
    """
  }

  private func plugin(_ name: String, devices: String) throws -> any ApusCore.Operator {
    let base = "/tmp/apus-gpu-plugin-\(getpid())-\(UInt32.random(in: 0 ... .max))"
    try AtomicFile.write(Array(source(name, devices: devices).utf8), to: base + ".c")
    let status = system(
      "cc -shared -fPIC -I '\(Self.root)/Sources/CApusPlugin/include' \(base).c -o \(base).so")
    try #require(status == 0)
    let registry = PluginRegistry()
    try PluginFile.load(base + ".so", into: registry)
    return try registry.require(name).makeOperator([:])
  }

  private func plan(_ op: any ApusCore.Operator) throws -> (Plan, ExecutablePlan) {
    var graph = Graph(name: "case")
    let x = graph.addInput("x", .tensor(.f32, [3]))
    let node = graph.addNode(op, [x], outputs: ["y"])
    #expect(graph.inferTypes().isEmpty)
    graph.setOutputs(graph[node].outputs.compactMap { $0 })
    let set = TacticSet.cuda(CUDARuntime(NullGPU()), images: NoImages(), host: .cpu())
    let pool = ConstantPool(section: "packed.0")
    let plan = try Lowering.lower(graph, tactics: set, constants: pool, chooser: FirstTactic()).plan
    let catalogue = OperatorCatalogue.standard.adding([LibraryPlugin.self])
    return (
      plan, try ExecutablePlan(plan, constants: pool, runtimes: set.runtimes, catalogue: catalogue)
    )
  }

  @Test func theLibraryGetsTheStream() throws {
    let op = try plugin("TwiceOnGPU", devices: "APUS_PLUGIN_ON_CUDA")
    let (plan, executable) = try plan(op)
    #expect(plan.steps.map(\.kernel.kind).contains(CUDALibraryKernel.kind))
    let binding = try Session(executable).bind(inputs: ["x": Tensor([1, 2, -3] as [Float])])
    try binding.execute()
    #expect(try binding.outputs()["y"]?.doubles() == [2, 4, -6])
    let error = #expect(throws: OperatorError.self) { _ = try op.evaluate(Operands([Tensor(.f32, [3])])) }
    #expect(error?.message.contains("on a GPU only") ?? false)
  }

  @Test func librariesForTheCPUStayThere() throws {
    let (plan, _) = try plan(try plugin("TwiceOnCPU", devices: "0"))
    // Its only step reads and writes the host's memory.
    #expect(plan.steps.map(\.operatorName) == ["LibraryPlugin"])
    #expect(!plan.steps.map(\.kernel.kind).contains(CUDALibraryKernel.kind))
  }

  @Test func unknownDevicesAreRefused() {
    let error = #expect(throws: ApusError.self) { _ = try plugin("TwiceNowhere", devices: "8") }
    #expect(error?.problems.first?.message.contains("`devices` has unknown bits") ?? false)
  }
}
