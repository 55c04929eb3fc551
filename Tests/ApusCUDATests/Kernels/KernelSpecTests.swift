import ApusCUDA
import ApusCore
import Testing

@Suite struct KernelSpecTests {
  /// Every instance launches on a device that checks geometry, with as many arguments as its kernel has parameters.
  @Test(arguments: KernelElement.allCases.filter { $0 != .u8 })
  func everyInstanceLaunches(element: KernelElement) throws {
    let gpu = NullGPU()
    let stream = try Stream(gpu)
    for instance in KernelInstance.all(element, clusters: true, warpgroups: true) {
      let spec = instance.spec
      let source = try #require(KernelSources.text(spec.source.name))
      let head = try #require(source.split(separator: "\(spec.source.entry)(", maxSplits: 1).last)
      let declared = head.prefix { $0 != ")" }.split(separator: ",").count
      #expect(declared == spec.parameters.count, "\(instance.label)")
      let function = try Module(gpu, image: []).function(
        spec.source.entry, sharedBytes: spec.geometry.sharedBytes)
      let arguments = ArgumentBlock(try spec.arguments(gpu, [:]))
      try function.launch(spec.geometry, arguments, on: stream)
    }
  }

  @Test func everyKernelHasAnInstance() {
    let files = Set(
      [KernelElement.f16, .f32].flatMap { KernelInstance.all($0, clusters: true, warpgroups: true) }
        .map { $0.spec.source.name })
    #expect(KernelSources.names.filter { $0.hasSuffix(".cu") } == files.sorted())
  }

  @Test func splitsThroughMemoryAskForWorkspaceAndTickets() {
    let problem = ConvolutionProblem.product(math: .f16, output: .f16, rows: 100, columns: 60, reduction: 512)
    let spec = MMAConvolution(64, 32, warps: (2, 2), stages: 3, split: .workspace(4)).spec(problem)
    #expect(spec.workspaceBytes == 4 * 4 * 64 * 32 * 4)
    #expect(spec.zeroedBytes == 16)
    #expect(spec.geometry.grid == .init(2, 2, 4))
  }

  @Test func refusalsSayWhy() {
    var problem = ConvolutionProblem.product(math: .f16, output: .f16, rows: 100, columns: 60, reduction: 20)
    let kernel = MMAConvolution(64, 32, warps: (2, 2), stages: 3)
    #expect(kernel.refusal(problem) == "channels are no multiple of 8")
    problem.math = .f32
    #expect(kernel.refusal(problem)?.contains("FP32") == true)
    #expect(SIMTConvolution(64, 64, 16, thread: (4, 4)).refusal(problem) == nil)
  }

  /// Each template and type compiles for an old, a Hopper and a newer GPU.
  @Test(
    .enabled(if: Compiler.found != nil, "NVRTC is not installed"),
    arguments: ["sm_80", "sm_90a", "sm_120"], [KernelElement.f16, .bf16, .f32])
  func everyInstanceCompiles(target: String, element: KernelElement) throws {
    let compiler = try #require(Compiler.found)
    let hopper = target == "sm_90a"
    let instances = KernelInstance.all(element, clusters: target != "sm_80", warpgroups: hopper)
    let cache = KernelCache(compiler, folder: nil)
    let images = cache.images(instances.map(\.spec.source), target: target, threads: 2)
    for (instance, image) in zip(instances, images) {
      #expect(throws: Never.self, "\(instance.label)") { try image.get() }
    }
  }
}
