public import ApusCUDA
import ApusCore
import ApusEngine
import ApusTactics
import Synchronization

/// Where machine code comes from.
public protocol KernelImages: Sendable {
  /// Machine code of a kernel for a GPU (`sm_90a`).
  func image(_ source: KernelSource, target: String) throws -> [UInt8]
  /// The same for many, in parallel; what fails is asked for again by whoever needs it.
  func prepare(_ sources: [KernelSource], target: String)
}

extension KernelCache: KernelImages {
  public func prepare(_ sources: [KernelSource], target: String) {
    _ = images(sources, target: target, threads: ThreadPool.processorCount)
  }
}

/// What the tactics of one GPU share while plans are made: its properties, machine code, packed constants, and the
/// choice among programs.
public final class CUDAContext: Sendable {
  public let properties: GPUProperties
  private let images: any KernelImages
  private let tuner: (any ProgramTuner)?
  private let known: Mutex<(code: [KernelSource: Tensor], packed: [String: (source: Tensor, result: Tensor)])>

  /// `tuner` nil: programs are chosen by their cost model.
  init(_ properties: GPUProperties, images: any KernelImages, tuner: (any ProgramTuner)? = nil) {
    self.properties = properties
    self.images = images
    self.tuner = tuner
    known = Mutex(([:], [:]))
  }

  /// Machine code as a constant; equal kernels share one.
  func image(_ source: KernelSource) throws -> Tensor {
    if let found = known.withLock({ $0.code[source] }) { return found }
    let bytes = try images.image(source, target: properties.target)
    let tensor = Tensor(bytes, shape: [bytes.count])
    return known.withLock { state in
      if let found = state.code[source] { return found }
      state.code[source] = tensor
      return tensor
    }
  }

  /// Compiles what the nodes of a graph are likely to need, all at once.
  func prepare(_ graph: Graph, sizes: [[String: Int]]) {
    let tactics = tactics.compactMap { $0 as? any CUDATactic }
    var sources: Set<KernelSource> = []
    for node in graph.allNodes {
      let query = TacticNode(node, in: graph)
      let serving = tactics.first { tactic in
        tactic.operators.contains { $0.name == node.opName } && tactic.supports(query).reason == nil
      }
      guard let serving, case .yes(let signatures) = serving.supports(query) else { continue }
      for symbols in sizes.isEmpty ? [[:]] : sizes {
        for signature in signatures.prefix(2) {
          guard let concrete = ConcreteNode(query, signature, symbols: symbols),
            concrete.outputs.contains(where: { ($0?.elementCount ?? 0) > 0 }),
            let programs = try? serving.programs(concrete)
          else { continue }
          for program in programs.prefix(1) { sources.formUnion(program.launches.map(\.spec.source)) }
        }
      }
    }
    let new = known.withLock { state in sources.filter { state.code[$0] == nil } }
    if new.count > 1 { images.prepare(Array(new), target: properties.target) }
  }

  /// A constant in the form that kernels read, made once for every way of packing it.
  func packed(_ source: Tensor, as form: String, _ make: () throws -> Tensor) rethrows -> Tensor {
    let key = "\(form)|\(ObjectIdentifier(source.storage).hashValue)|\(source.byteOffset)|\(source.type)"
    if let found = known.withLock({ $0.packed[key] }) { return found.result }
    let result = try make()
    // The source is kept, so that its address stays its own.
    known.withLock { $0.packed[key] = (source, result) }
    return result
  }

  /// The program to use, and its measured microseconds where it was measured.
  func choose(_ programs: [CUDAProgram], _ node: ConcreteNode) throws -> (CUDAProgram, Double?) {
    guard let first = programs.first else { throw node.refusal("no kernel takes these sizes") }
    if programs.count > 1, let tuner { return try tuner.choose(programs, node, self) }
    return (first, nil)
  }
}

/// Chooses among programs by running them.
protocol ProgramTuner: Sendable {
  func choose(_ programs: [CUDAProgram], _ node: ConcreteNode, _ context: CUDAContext) throws -> (
    CUDAProgram, Double?
  )
}
