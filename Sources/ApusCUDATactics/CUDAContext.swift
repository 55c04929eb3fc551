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
  /// nil: programs are chosen by their cost model.
  let tuner: ProgramTuner?
  /// Whether FP32 operands may be multiplied as TF32.
  let allowsTF32: Bool
  /// When libraries compute, and the device that has them.
  let libraryUse: LibraryUse
  let gpu: (any GPU)?
  /// Libraries that were looked for in vain.
  let absentLibraries = Mutex<Set<CUDALibrary>>([])
  private let known: Mutex<(code: [KernelSource: Tensor], packed: [String: (source: Tensor, result: Tensor)])>

  init(
    _ properties: GPUProperties, images: any KernelImages, tuner: ProgramTuner? = nil,
    allowsTF32: Bool = false, libraries: LibraryUse = .never, gpu: (any GPU)? = nil
  ) {
    self.properties = properties
    libraryUse = libraries
    self.gpu = gpu
    self.allowsTF32 = allowsTF32
    self.images = images
    self.tuner = tuner
    known = Mutex(([:], [:]))
  }

  /// Ways to multiply operands of a type.
  func math(_ element: KernelElement) -> [ConvolutionProblem.Math] {
    (element == .f32 && allowsTF32 ? [.tf32] : []) + ConvolutionProblem.Math.all(element)
  }

  /// The way in which libraries multiply operands of a type.
  func libraryMath(_ element: KernelElement) -> ConvolutionProblem.Math {
    switch element {
    case .f16: .f16
    case .bf16: .bf16
    case .f32, .u8: allowsTF32 ? .tf32 : .f32
    }
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

  /// Compiles what the nodes of a graph are likely to need, or what `tuning` will measure, all at once.
  func prepare(_ graph: Graph, sizes: [[String: Int]], tuning: TuningSession?) {
    let tactics = tactics.compactMap { $0 as? any CUDATactic }
    var sources: Set<KernelSource> = []
    var measured: Set<String> = []
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
          var wanted = Array(programs.prefix(1))
          if let tuning, let tuner, programs.count > 1 {
            let key = tuner.key(concrete, self)
            if let known = tuning.cache[key] {
              // Where a library won, the first of ours stands behind it.
              let winners = programs.filter { $0.label == known.tactic }
              if !winners.isEmpty { wanted = winners }
            } else {
              wanted = ProgramTuner.promising(programs)
              measured.insert(key)
            }
          }
          for program in wanted { sources.formUnion(program.launches.map(\.spec.source)) }
        }
      }
    }
    let new = known.withLock { state in sources.filter { state.code[$0] == nil } }
    tuning?.expect(measured.count)
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
}
