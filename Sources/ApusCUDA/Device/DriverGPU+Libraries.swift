import ApusCore
import Synchronization

/// Work of a library on one device.
protocol LibraryPlan: AnyObject {
  /// Puts the work into a stream.
  func run(_ operands: LibraryOperands, on stream: OpaquePointer) throws
}

/// The libraries that a device has opened so far.
struct OpenLibraries: Sendable {
  var cublasLt: CuBLASLt?
  var cudnn: CuDNN?
}

extension CUDALibrary {
  /// The error of work that needs a library which is not there.
  func missing(_ reason: String) -> ApusError {
    let package =
      switch self {
      case .cublasLt: "nvidia-cublas"
      case .cudnn: "nvidia-cudnn-cu13"
      }
    return ApusError(
      .resources,
      Problem(
        .deviceMissing, "\(rawValue) is needed and cannot be used: \(reason)",
        fix: "install it with `pip install \(package)`, name the folder of its library in "
          + "APUS_CUDA_LIBRARIES, or optimize the model again on this machine"))
  }
}

extension DriverGPU {
  private func cublasLt() throws -> CuBLASLt {
    try bind()
    return try libraries.withLock { open in
      if let library = open.cublasLt { return library }
      let library = try CuBLASLt()
      open.cublasLt = library
      return library
    }
  }

  private func cudnn() throws -> CuDNN {
    try bind()
    return try libraries.withLock { open in
      if let library = open.cudnn { return library }
      let library = try CuDNN()
      open.cudnn = library
      return library
    }
  }

  public func require(_ library: CUDALibrary) throws {
    switch library {
    case .cublasLt: _ = try cublasLt()
    case .cudnn: _ = try cudnn()
    }
  }

  public func choices(for work: LibraryWork, workspaceBytes: Int, count: Int) throws -> [LibraryChoice] {
    switch work {
    case .product(let product):
      try cublasLt().choices(for: product, workspaceBytes: workspaceBytes, count: count)
    case .convolution(let convolution):
      try cudnn().choices(for: convolution, workspaceBytes: workspaceBytes, count: count)
    }
  }

  public func prepare(_ work: LibraryWork, _ choice: LibraryChoice) throws -> GPUHandle {
    let plan: any LibraryPlan
    switch work {
    case .product(let product): plan = try cublasLt().prepare(product, choice)
    case .convolution(let convolution): plan = try cudnn().prepare(convolution, choice)
    }
    return GPUHandle(bits: UInt(bitPattern: Unmanaged.passRetained(WorkBox(plan)).toOpaque()))
  }

  public func release(work: GPUHandle) {
    try? bind()
    if let pointer = UnsafeRawPointer(bitPattern: work.bits) {
      Unmanaged<WorkBox>.fromOpaque(pointer).release()
    }
  }

  public func run(_ work: GPUHandle, _ operands: LibraryOperands, on stream: GPUHandle) throws {
    try bind()
    let stream = try pointer(stream)
    let box = try pointer(work)
    try Unmanaged<WorkBox>.fromOpaque(UnsafeRawPointer(box)).takeUnretainedValue().plan.run(
      operands, on: stream)
  }
}

/// What the handle of prepared work stands for.
private final class WorkBox {
  let plan: any LibraryPlan

  init(_ plan: any LibraryPlan) { self.plan = plan }
}
