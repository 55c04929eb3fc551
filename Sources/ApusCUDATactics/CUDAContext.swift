public import ApusCUDA
import ApusCore
import ApusEngine
import ApusTactics
import Synchronization

/// Where machine code comes from.
public protocol KernelImages: Sendable {
  /// Machine code of a kernel for a GPU (`sm_90a`).
  func image(_ source: KernelSource, target: String) throws -> [UInt8]
}

extension KernelCache: KernelImages {}

/// What the tactics of one GPU share while plans are made: its properties, machine code, packed constants, and the
/// choice among programs.
public final class CUDAContext: Sendable {
  public let properties: GPUProperties
  /// What measured times depend on besides the GPU: its driver and our kernels.
  var stamp: String { "driver \(properties.driverVersion), kernels \(KernelSources.hash)" }
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

  /// Gets the machine code of many kernels on all processors.
  func compile(_ sources: Set<KernelSource>) {
    let new = known.withLock { state in sources.filter { state.code[$0] == nil } }.map { $0 }
    ThreadPool(threads: min(new.count, ThreadPool.processorCount)).run(new.count) { index in
      // What fails is tried again by whoever needs it, who says why.
      _ = try? image(new[index])
    }
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
