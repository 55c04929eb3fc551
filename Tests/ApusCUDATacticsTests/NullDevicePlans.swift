import ApusCPUTactics
import ApusCUDA
import ApusCore
import ApusEngine
import ApusOperators
import ApusTactics
import Testing

@testable import ApusCUDATactics

/// Machine code that nothing runs: the name of the entry point.
private struct NoImages: KernelImages {
  func image(_ source: KernelSource, target: String) throws -> [UInt8] {
    // What would reach the compiler must exist.
    Array("\(source.entry) \(target)".utf8)
  }
}

/// Plans for a GPU that records what is asked of it.
@Suite struct NullDevicePlans {
  private let gpu = NullGPU()

  private func lower(_ text: String, constants: [Tensor] = [], sizes: [[String: Int]] = []) throws -> (
    Plan, ExecutablePlan
  ) {
    let runtime = CUDARuntime(gpu)
    let set = TacticSet.cuda(runtime, images: NoImages(), host: .cpu())
    let graph = try GraphParser.parse(text, catalogue: .standard, constants: constants)
    let pool = ConstantPool(section: "packed.0")
    let plan = try Lowering.lower(
      graph, tactics: set, constants: pool, chooser: FirstTactic(), sizes: sizes
    ).plan
    return (
      plan, try ExecutablePlan(plan, constants: pool, runtimes: set.runtimes, catalogue: .standard)
    )
  }

  private func launches(_ actions: [NullGPU.Action]) -> [String] {
    actions.compactMap { if case .launch(let name, _, _) = $0 { name } else { nil } }
  }

  private var small: String {
    """
    graph "small"(%x: f16[n,16,8,8]) -> (%y) {
      %a: f16[n,16,8,8] = Relu(%x)
      %b: f16[n,16,4,4] = MaxPool(%a) {kernelShape: [2, 2], strides: [2, 2]}
      %y: f16[n,16,4,4] = Sigmoid(%b)
    }
    """
  }

  @Test func everythingRunsOnTheDeviceBetweenTwoCopies() throws {
    let (plan, executable) = try lower(small)
    #expect(plan.steps.first?.operatorName == "DeviceCopy")
    #expect(plan.steps.last?.operatorName == "DeviceCopy")
    #expect(plan.steps.dropFirst().dropLast().allSatisfy { $0.kernel.kind == CUDAKernelRecord.kind })
    let session = Session(executable)
    let binding = try session.bind(inputs: ["x": Tensor(.f16, [1, 16, 8, 8])])
    try binding.execute()
    let first = launches(gpu.actions)
    #expect(first.contains("pool") && first.contains("pointwise"))
    let before = gpu.actions.count
    try binding.execute()
    let second = gpu.actions[before...]
    #expect(second.contains { if case .launchGraph(let names) = $0 { names == first } else { false } })
    #expect(launches(Array(second)).isEmpty)
  }

  @Test func anotherShapeIsRefusedWithThoseThereAre() throws {
    let (_, executable) = try lower(small, sizes: [["n": 2]])
    let error = #expect(throws: ApusError.self) {
      _ = try Session(executable).run(["x": Tensor(.f16, [3, 16, 8, 8])])
    }
    #expect(error?.problems.first?.id == .inputShape)
    #expect(error?.problems.first?.allowed?.contains("2x16x8x8") ?? false)
  }

  @Test func whatTheDeviceLacksRunsOnTheHost() throws {
    let (plan, _) = try lower(
      """
      graph "mixed"(%x: f32[4,8]) -> (%y) {
        %a: f32[4,8] = Relu(%x)
        %b: f32[4,8] = Bernoulli(%a)
        %y: f32[4,8] = Relu(%b)
      }
      """)
    let kinds = plan.steps.map { $0.operatorName }
    #expect(kinds.filter { $0 == "DeviceCopy" }.count == 4)
    #expect(plan.steps.contains { $0.operatorName == "Bernoulli" && $0.kernel.kind != CUDAKernelRecord.kind })
  }

  /// The quick kernel finds only when it is built that FP32 does not hold a third.
  @Test func aKernelOfAnotherLayoutTakesWhatThePreferredOneRefuses() throws {
    let (plan, _) = try lower(
      """
      graph "resize"(%x: f32[1,3,4,5]) -> (%y) {
        %s: f32[4] = constant {1.0, 1.0, 3.0, 3.0}
        %y: f32[1,3,12,15] = Resize(%x, _, %s) {mode: "nearest"}
      }
      """)
    let step = plan.steps.first { $0.operatorName == "Resize" }
    #expect(step?.kernel.tactic == "cuda.resize.general")
  }

  @Test func detectionRunsOnTheDeviceInOneGraph() throws {
    let (plan, executable) = try lower(
      """
      graph "detection"(%s: f32[n,6,5,7], %d: f32[n,8,5,7], %b: f16[n,40,1,4], %p: f16[n,40,3]) -> (%scores, %boxes, %classes, %count, %k, %q, %r, %t, %e, %f, %g, %h) {
        %x: f32[n,50,1,1], %y: f32[n,200,1,1], %z: f32[n,50,1,1] = RetinaNetDecode(%s, %d) {topkCandidates: 50, stride: [8, 8], anchors: [-8.0, -8.0, 8.0, 8.0, -4.0, -4.0, 4.0, 4.0]}
        %scores: f32[n,10,1,1], %boxes: f32[n,40,1,1], %classes: f32[n,10,1,1], %count: i32[n] = RetinaNetNMS(%x, %y, %z) {maxDetections: 10}
        %e: i32[n,1], %f: f16[n,7,4], %g: f16[n,7], %h: f16[n,7] = BatchedNMS_TRT(%b, %p) {keepTopK: 7, topK: 20}
        %k: i32[n,1], %q: f16[n,5,4], %r: f16[n,5], %t: i32[n,5] = EfficientNMS_TRT(%b, %p) {maxOutputBoxes: 5, maxOutputBoxesPerClass: 2}
      }
      """, sizes: [["n": 2]])
    #expect(
      plan.steps.allSatisfy { $0.operatorName == "DeviceCopy" || $0.kernel.kind == CUDAKernelRecord.kind })
    let binding = try Session(executable).bind(inputs: [
      "s": Tensor(.f32, [2, 6, 5, 7]), "d": Tensor(.f32, [2, 8, 5, 7]), "b": Tensor(.f16, [2, 40, 1, 4]),
      "p": Tensor(.f16, [2, 40, 3]),
    ])
    try binding.execute()
    let names = launches(gpu.actions)
    #expect(names.filter { $0 == "detect_scan" }.count == 2 * names.filter { $0 == "detect_nms" }.count + 2)
    #expect(names.filter { $0 == "detect_select" }.count == 1)
  }

  /// A whole pyramid at 480x640, level by level: scores as logits in half precision.
  @Test func aPyramidOfLevelsIsOneGraph() throws {
    let sizes = [(60, 80), (30, 40), (15, 20), (8, 10), (4, 5)]
    let inputs = sizes.enumerated().map {
      "%s\($0): f16[1,720,\($1.0),\($1.1)], %d\($0): f32[1,36,\($1.0),\($1.1)]"
    }
    let anchors = [String](repeating: "-8.0, -8.0, 8.0, 8.0", count: 9).joined(separator: ", ")
    let levels = sizes.enumerated().map { index, size in
      """
      %p\(index): f16[1,720,\(size.0),\(size.1)] = Sigmoid(%s\(index))
      %q\(index): f32[1,720,\(size.0),\(size.1)] = Cast(%p\(index)) {to: "f32"}
      %x\(index): f32[1,1000,1,1], %y\(index): f32[1,4000,1,1], %z\(index): f32[1,1000,1,1] = RetinaNetDecode(%q\(index), %d\(index)) {stride: [8, 8], anchors: [\(anchors)]}
      """
    }
    let joined = ["x", "y", "z"].map { name in
      "%\(name): f32[1,\(name == "y" ? 20000 : 5000),1,1] = Concat(\(sizes.indices.map { "%\(name)\($0)" }.joined(separator: ", "))) {axis: 1}"
    }
    let (plan, executable) = try lower(
      """
      graph "pyramid"(\(inputs.joined(separator: ", "))) -> (%scores, %boxes, %classes, %count) {
      \((levels + joined).joined(separator: "\n"))
      %scores: f32[1,100,1,1], %boxes: f32[1,400,1,1], %classes: f32[1,100,1,1], %count: i32[1] = RetinaNetNMS(%x, %y, %z)
      }
      """)
    #expect(
      plan.steps.allSatisfy { $0.operatorName == "DeviceCopy" || $0.kernel.kind == CUDAKernelRecord.kind })
    var fed: [String: Tensor] = [:]
    for (index, size) in sizes.enumerated() {
      fed["s\(index)"] = Tensor(.f16, [1, 720, size.0, size.1])
      fed["d\(index)"] = Tensor(.f32, [1, 36, size.0, size.1])
    }
    let binding = try Session(executable).bind(inputs: fed)
    try binding.execute()
    try binding.execute()
    #expect(launches(gpu.actions).filter { $0 == "detect_select" }.count == 5)
  }
}
