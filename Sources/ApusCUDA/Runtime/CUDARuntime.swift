import ApusCore
public import ApusEngine
import Synchronization

/// Gives the steps of a GPU their kernels.
public final class CUDARuntime: DeviceRuntime {
  public let gpu: any GPU
  public let name: String
  public let memory: (any DeviceMemory)?
  /// Modules by the hash of their machine code: layers that are alike share one.
  private let modules: Mutex<[String: Module]>

  public init(_ gpu: any GPU, ordinal: Int = 0) {
    self.gpu = gpu
    name = "cuda:\(ordinal)"
    memory = CUDAMemory(gpu)
    modules = Mutex([:])
  }

  public func revive(_ record: KernelRecord, constants: [UnsafeRawBufferPointer]) throws -> any Kernel {
    switch record.kind {
    case CUDAKernelRecord.kind:
      let parsed = try AttributeDecoder.decode(CUDAKernelRecord.self, from: record.parameters)
      return try CUDAKernel(parsed, tactic: record.tactic, constants: constants, self)
    case CUDACopyKernel.kind:
      return CUDACopyKernel(
        gpu, try AttributeDecoder.decode(CUDACopyKernel.Setting.self, from: record.parameters).direction)
    case CUDALibraryKernel.kind:
      return CUDALibraryKernel(try AttributeDecoder.decode(LibraryPlugin.self, from: record.parameters))
    default:
      throw ApusError(
        .invalidModel,
        Problem(
          .engineDamaged, "unknown kernel", value: record.kind,
          fix: "optimize the model again with this version of Apus"))
    }
  }

  /// The module of some machine code, loaded once.
  func module(_ image: UnsafeRawBufferPointer) throws -> Module {
    let key = XXH3.hash128(image).hex
    return try modules.withLock { known in
      if let module = known[key] { return module }
      let module = try Module(gpu, image: Array(image))
      known[key] = module
      return module
    }
  }
}
