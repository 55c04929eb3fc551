import ApusCore
import ApusEngine
import ApusOperators
import CApusDrivers
import CApusKernels

/// A compiled oneDNN operation; shared by threads.
final class OneDNNPrimitive: @unchecked Sendable {
  let library: OneDNNLibrary
  let handle: OpaquePointer
  let threads: Int

  typealias Make = (
    OpaquePointer, UnsafePointer<apus_onednn_attributes>, UnsafeMutablePointer<OpaquePointer?>
  ) -> apus_onednn_status

  init(
    _ library: OneDNNLibrary, threads: Int, postOps: [apus_onednn_post_op], _ what: String, _ make: Make
  ) throws {
    self.library = library
    self.threads = threads
    var made: OpaquePointer?
    let status = postOps.withUnsafeBufferPointer { postOps in
      var attributes = apus_onednn_attributes()
      attributes.post_ops = postOps.baseAddress
      attributes.post_op_count = Int32(postOps.count)
      attributes.threads = Int32(clamping: threads)
      return make(library.handle, &attributes, &made)
    }
    try OneDNNLibrary.check(status, what)
    guard let made else { throw ApusError(.internal, Problem(.internalError, "oneDNN made no primitive")) }
    handle = made
  }

  deinit { apus_onednn_primitive_destroy(handle) }

  var scratchBytes: Int { apus_onednn_primitive_scratchpad_bytes(handle) }

  /// The placement that it settled on for an argument.
  func memory(_ argument: apus_onednn_argument) throws -> OpaquePointer {
    guard let memory = apus_onednn_primitive_memory(handle, argument) else {
      throw ApusError(.internal, Problem(.internalError, "a oneDNN primitive lacks an argument"))
    }
    return memory
  }
}

/// A primitive ready for pointers; one caller at a time.
final class OneDNNCall {
  private let primitive: OneDNNPrimitive
  private let handle: OpaquePointer
  private let pointers: UnsafeMutablePointer<UnsafeMutableRawPointer?>
  private let count: Int
  private let hasScratch: Bool

  /// `arguments` without the scratchpad, which is added where there is one.
  init(_ primitive: OneDNNPrimitive, _ arguments: [apus_onednn_argument]) throws {
    self.primitive = primitive
    hasScratch = primitive.scratchBytes > 0
    let all = arguments + (hasScratch ? [APUS_ONEDNN_SCRATCHPAD] : [])
    var made: OpaquePointer?
    try OneDNNLibrary.check(
      apus_onednn_call_create(primitive.handle, all, Int32(all.count), &made), "binding arguments")
    guard let made else { throw ApusError(.internal, Problem(.internalError, "oneDNN made no call")) }
    handle = made
    count = all.count
    pointers = .allocate(capacity: all.count)
    pointers.initialize(repeating: nil, count: all.count)
  }

  deinit {
    apus_onednn_call_destroy(handle)
    pointers.deallocate()
  }

  func set(_ index: Int, _ pointer: UnsafeRawPointer?) {
    pointers[index] = UnsafeMutableRawPointer(mutating: pointer)
  }

  /// Runs on the pointers that were set.
  func run(scratch: UnsafeMutableRawPointer, pool: OpaquePointer?) throws {
    if hasScratch { pointers[count - 1] = scratch }
    var threads = apus_threads(
      count: Int32(clamping: primitive.threads), run: runOneDNNTasks,
      pool: pool.map { UnsafeMutableRawPointer($0) })
    let status = apus_onednn_call_run(handle, pointers, &threads)
    if status != APUS_ONEDNN_SUCCESS { try OneDNNLibrary.check(status, "execution") }
  }
}

private struct OneDNNTasks {
  var body: @convention(c) (UnsafeMutableRawPointer?, Int32, Int32) -> Void
  var context: UnsafeMutableRawPointer?
}

/// Hands a parallel region's tasks to the session's threads.
private func runOneDNNTasks(
  _ pool: UnsafeMutableRawPointer?, _ tasks: Int32,
  _ body: @convention(c) (UnsafeMutableRawPointer?, Int32, Int32) -> Void, _ context: UnsafeMutableRawPointer?
) {
  var job = OneDNNTasks(body: body, context: context)
  withUnsafeMutablePointer(to: &job) { job in
    apus_pool_run(
      pool.map { OpaquePointer($0) }, Int(tasks),
      { context, task, thread in
        guard let job = context?.assumingMemoryBound(to: OneDNNTasks.self) else { return }
        job.pointee.body(job.pointee.context, Int32(truncatingIfNeeded: task), thread)
      }, job)
  }
}

/// What is done to each element of a oneDNN product: the old contents of the output are added, then the activation.
func oneDNNPostOps(_ activation: Activation, addsOutput: Bool) -> [apus_onednn_post_op] {
  var list: [apus_onednn_post_op] = []
  if addsOutput {
    var sum = apus_onednn_post_op()
    sum.kind = APUS_ONEDNN_POST_SUM
    sum.scale = 1
    list.append(sum)
  }
  if let (algorithm, alpha, beta) = activation.oneDNN {
    var post = apus_onednn_post_op()
    post.kind = APUS_ONEDNN_POST_ELTWISE
    (post.algorithm, post.alpha, post.beta) = (algorithm, alpha, beta)
    list.append(post)
  }
  return list
}

extension Activation {
  /// oneDNN's algorithm and parameters; nil for none.
  var oneDNN: (apus_onednn_algorithm, Float, Float)? {
    let (a, b) = (Float(alpha), Float(beta))
    return switch kind {
    case .none: nil
    case .relu: (APUS_ONEDNN_RELU, 0, 0)
    case .sigmoid: (APUS_ONEDNN_LOGISTIC, 0, 0)
    case .tanh: (APUS_ONEDNN_TANH, 0, 0)
    case .silu: (APUS_ONEDNN_SWISH, 1, 0)
    case .hardSwish: (APUS_ONEDNN_HARD_SWISH, 1 / 6, 0.5)
    case .gelu: (APUS_ONEDNN_GELU_ERF, 0, 0)
    case .geluTanh: (APUS_ONEDNN_GELU_TANH, 0, 0)
    case .mish: (APUS_ONEDNN_MISH, 0, 0)
    case .softplus: (APUS_ONEDNN_SOFT_RELU, 1, 0)
    case .leakyRelu: (APUS_ONEDNN_RELU, a, 0)
    case .clip: (APUS_ONEDNN_CLIP, a, b)
    case .elu: (APUS_ONEDNN_ELU, a, 0)
    case .hardSigmoid: (APUS_ONEDNN_HARD_SIGMOID, a, b)
    }
  }
}
