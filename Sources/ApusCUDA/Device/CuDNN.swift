import ApusCore
import CApusDrivers
import Glibc
import Synchronization

/// cuDNN on one device, whose context must be current.
///
/// Only engines whose kernels come compiled are used: the others compile at every load of an engine, for a third of a
/// second each, and need NVRTC for it.
final class CuDNN: @unchecked Sendable {
  // Nothing changes after `init`; calls with the handle are made one at a time.
  private let library: UnsafePointer<apus_cudnn>
  private let handle: apus_cudnn_handle
  private let turn = Mutex(())
  let version: Int

  init() throws {
    let folders = CUDALibraries.folders()
    // It looks both up by their names.
    _ = CUDALibraries.withFolders(folders) { apus_nvrtc_open($0, $1, $2) }
    _ = CUDALibraries.withFolders(folders) { apus_cublaslt_open($0, $1, $2) }
    let (table, finding) = CUDALibraries.withFolders(folders) { apus_cudnn_open($0, $1, $2) }
    guard let table else { throw CUDALibrary.cudnn.missing(finding.problem ?? "not found") }
    var handle: apus_cudnn_handle?
    let status = table.pointee.create(&handle)
    guard status == Int32(APUS_CUDNN_SUCCESS), let handle else {
      // Its parts are files of their own, which may be missing or of another version.
      throw CUDALibrary.cudnn.missing(Self.name(status, table))
    }
    library = table
    self.handle = handle
    version = Int(table.pointee.version())
  }

  deinit { _ = library.pointee.destroy(handle) }

  private static func name(_ status: apus_cudnn_status, _ library: UnsafePointer<apus_cudnn>) -> String {
    library.pointee.error_string(status).map { String(cString: $0) } ?? "status \(status)"
  }

  fileprivate func check(_ status: apus_cudnn_status, _ call: @autoclosure () -> String) throws {
    guard status != Int32(APUS_CUDNN_SUCCESS) else { return }
    let isMemory = [Int32(APUS_CUDNN_OUT_OF_HOST_MEMORY), Int32(APUS_CUDNN_OUT_OF_DEVICE_MEMORY)]
    let id: ProblemID = isMemory.contains(status) ? .outOfMemory : .driverFailure
    throw ApusError(.resources, Problem(id, "\(call()): \(Self.name(status, library))"))
  }

  func choices(for convolution: LibraryConvolution, workspaceBytes: Int, count: Int) throws -> [LibraryChoice]
  {
    guard var described = apus_cudnn_convolution(convolution) else { return [] }
    var choices = [apus_cudnn_choice](repeating: apus_cudnn_choice(), count: max(count, 1))
    var found: Int32 = 0
    let status = turn.withLock { _ in
      apus_cudnn_choose(
        library, handle, &described, Int64(workspaceBytes), convolution.refusedNotes, Int32(clamping: count),
        &choices, &found)
    }
    defer { for choice in choices { free(choice.text) } }
    // What it does not know, or calls wrong (paddings that differ, for some versions), it cannot compute.
    if (Int32(APUS_CUDNN_BAD_PARAMETER)..<Int32(APUS_CUDNN_NOT_SUPPORTED + 1000)).contains(status) {
      return []
    }
    try check(status, "choosing an engine for \(convolution.text)")
    return choices.prefix(Int(found)).compactMap { choice in
      choice.text.map {
        LibraryChoice(
          version: version, description: String(cString: $0), workspaceBytes: Int(choice.workspace_bytes))
      }
    }
  }

  /// A convolution by the plan that was chosen. Where this library does not read it, the version being another, its own
  /// favourite that needs no more workspace takes its place.
  func prepare(_ convolution: LibraryConvolution, _ choice: LibraryChoice) throws -> CuDNNPlan {
    if choice.version == version, let plan = plan(convolution, choice, most: choice.workspaceBytes) {
      return plan
    }
    let own = try choices(for: convolution, workspaceBytes: choice.workspaceBytes, count: 1)
    guard let favourite = own.first, let plan = plan(convolution, favourite, most: choice.workspaceBytes)
    else {
      throw ApusError(
        .resources,
        Problem(
          .driverFailure, "cuDNN \(version) cannot compute \(convolution.text)",
          fix: "optimize the model again on this machine"))
    }
    return plan
  }

  private func plan(_ convolution: LibraryConvolution, _ choice: LibraryChoice, most: Int) -> CuDNNPlan? {
    turn.withLock { _ in
      var plan: apus_cudnn_descriptor?
      var needed: Int64 = 0
      let status = apus_cudnn_plan_create(library, handle, choice.description, &plan, &needed)
      guard status == Int32(APUS_CUDNN_SUCCESS), let plan else { return nil }
      guard needed <= Int64(most) else {
        _ = library.pointee.descriptor_destroy(plan)
        return nil
      }
      return CuDNNPlan(self, plan, convolution)
    }
  }

  fileprivate func destroy(_ plan: apus_cudnn_descriptor) {
    turn.withLock { _ in _ = library.pointee.descriptor_destroy(plan) }
  }

  fileprivate func run(
    _ plan: apus_cudnn_descriptor, _ numbers: [Int64], _ addresses: [UnsafeMutableRawPointer],
    _ workspace: UnsafeMutableRawPointer?, _ stream: OpaquePointer
  ) -> apus_cudnn_status {
    turn.withLock { _ in
      apus_cudnn_plan_run(
        library, handle, plan, Int32(numbers.count), numbers, addresses.map { $0 }, workspace, stream)
    }
  }
}

/// A convolution of cuDNN, ready to run.
final class CuDNNPlan: LibraryPlan {
  private let library: CuDNN
  private let plan: apus_cudnn_descriptor
  private let convolution: LibraryConvolution

  fileprivate init(_ library: CuDNN, _ plan: apus_cudnn_descriptor, _ convolution: LibraryConvolution) {
    self.library = library
    self.plan = plan
    self.convolution = convolution
  }

  deinit { library.destroy(plan) }

  private static let numbers = [
    "input": APUS_CUDNN_INPUT, "weights": APUS_CUDNN_WEIGHTS, "bias": APUS_CUDNN_BIAS,
    "residual": APUS_CUDNN_RESIDUAL, "output": APUS_CUDNN_OUTPUT,
  ]

  func run(_ operands: LibraryOperands, on stream: OpaquePointer) throws {
    var numbers: [Int64] = []
    var addresses: [UnsafeMutableRawPointer] = []
    for name in convolution.operands {
      guard let number = Self.numbers[name],
        let address = operands.addresses[name].flatMap({ UnsafeMutableRawPointer(bitPattern: UInt($0)) })
      else { throw ApusError(.internal, Problem(.internalError, "\(convolution.text) without its \(name)")) }
      numbers.append(Int64(number))
      addresses.append(address)
    }
    let workspace = UnsafeMutableRawPointer(bitPattern: UInt(operands.workspace))
    try library.check(
      library.run(plan, numbers, addresses, workspace, stream), "computing \(convolution.text)")
  }
}

extension LibraryConvolution {
  /// Engines that are not taken: those that are less exact than asked, differ from run to run, or compile first. FP32
  /// on tensor cores is TF32.
  fileprivate var refusedNotes: Int32 {
    let refused =
      APUS_CUDNN_DOWN_CONVERTS | APUS_CUDNN_REDUCED_PRECISION_SUMS | APUS_CUDNN_FFT
      | APUS_CUDNN_NONDETERMINISTIC | APUS_CUDNN_WINOGRAD | APUS_CUDNN_RUNTIME_COMPILATION
    return Int32(math.isExact ? refused | APUS_CUDNN_TENSOR_CORE : refused)
  }
}

extension apus_cudnn_convolution {
  /// nil where the library lacks the activation.
  fileprivate init?(_ convolution: LibraryConvolution) {
    self.init()
    switch convolution.math {
    case .f16: type = Int32(APUS_CUDNN_HALF)
    case .bf16: type = Int32(APUS_CUDNN_BFLOAT16)
    case .tf32, .f32x3, .f32: type = Int32(APUS_CUDNN_FLOAT)
    }
    let (input, result) = (convolution.input.map { Int64($0) }, convolution.result.map { Int64($0) })
    let (kernel, pads) = (convolution.kernel.map { Int64($0) }, convolution.pads.map { Int64($0) })
    let images = Int64(convolution.images)
    self.input = (images, input[2], input[0], input[1])
    output = (images, result[2], result[0], result[1])
    weights = (result[2], input[2] / Int64(max(convolution.groups, 1)), kernel[0], kernel[1])
    strides = (Int64(convolution.strides[0]), Int64(convolution.strides[1]))
    dilations = (Int64(convolution.dilations[0]), Int64(convolution.dilations[1]))
    pads_before = (pads[0], pads[1])
    pads_after = (pads[2], pads[3])
    has_bias = convolution.hasBias ? 1 : 0
    has_residual = convolution.hasResidual ? 1 : 0
    guard let mode = mode(convolution.activation) else { return nil }
    activation = Int32(mode)
  }

  /// Number of an activation, 0 for none, with its parameters set; nil where the library lacks it.
  private mutating func mode(_ kind: KernelActivation) -> Int? {
    (lower, upper, slope, alpha) = (0, .infinity, 0, 1)
    switch kind {
    case .none: return 0
    case .relu: return APUS_CUDNN_RELU
    case .clip(let low, let high):
      (lower, upper) = (low, high)
      return APUS_CUDNN_RELU
    case .leakyReLU(let below):
      slope = below
      return APUS_CUDNN_RELU
    case .elu(let scale):
      alpha = scale
      return APUS_CUDNN_ELU
    case .sigmoid: return APUS_CUDNN_SIGMOID
    case .tanh: return APUS_CUDNN_TANH
    case .silu: return APUS_CUDNN_SWISH
    case .gelu: return APUS_CUDNN_GELU
    case .geluTanh: return APUS_CUDNN_GELU_TANH
    case .softplus: return APUS_CUDNN_SOFTPLUS
    case .hardSigmoid, .hardSwish, .mish: return nil
    }
  }
}
