import CApusDrivers
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// oneDNN as the tests find it: `APUS_ONEDNN`, or what `Scripts/fetch-onednn.sh` has put into `.build`.
enum OneDNN {
  static let path: String? = {
    if let named = getenv("APUS_ONEDNN") { return String(cString: named) }
    let root = #filePath.split(separator: "/").dropLast(4).map { "/" + $0 }.joined()
    let fetched = root + "/.build/onednn/lib/libdnnl.so.3"
    return access(fetched, R_OK) == 0 ? fetched : nil
  }()

  nonisolated(unsafe) static let library: OpaquePointer? = path.flatMap { open($0).library }

  static var isAvailable: Bool { library != nil }

  static func open(_ path: String?) -> (library: OpaquePointer?, error: String) {
    var error = [CChar](repeating: 0, count: 1024)
    let library = apus_onednn_open(path, &error, error.count)
    return (library, String(decoding: error.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))
  }
}

struct OneDNNFailure: Error, CustomStringConvertible {
  let status: apus_onednn_status
  var description: String { String(cString: apus_onednn_status_name(status)) }
}

func check(_ status: apus_onednn_status) throws {
  if status != APUS_ONEDNN_SUCCESS { throw OneDNNFailure(status: status) }
}

/// A memory descriptor with its library.
final class Memory {
  let library: OpaquePointer
  let raw: OpaquePointer

  init(_ type: apus_onednn_type, _ dims: [Int], strides: [Int]? = nil) throws {
    library = try #require(OneDNN.library)
    var made: OpaquePointer?
    let lengths = dims.map(Int64.init)
    if let strides {
      try check(
        apus_onednn_memory_create(library, type, Int32(dims.count), lengths, strides.map(Int64.init), &made))
    } else {
      try check(apus_onednn_memory_create(library, type, Int32(dims.count), lengths, nil, &made))
    }
    raw = try #require(made)
  }

  /// A format that the primitive chooses.
  init(any type: apus_onednn_type, _ dims: [Int]) throws {
    library = try #require(OneDNN.library)
    var made: OpaquePointer?
    try check(
      apus_onednn_memory_create_format(
        library, type, Int32(dims.count), dims.map(Int64.init), APUS_ONEDNN_ANY, &made))
    raw = try #require(made)
  }

  /// N,C,H,W with the channels innermost.
  static func nhwc(_ type: apus_onednn_type, _ n: Int, _ c: Int, _ h: Int, _ w: Int) throws -> Memory {
    try Memory(type, [n, c, h, w], strides: [h * w * c, 1, w * c, c])
  }

  deinit { apus_onednn_memory_destroy(library, raw) }
}

/// Memory of an argument.
protocol Bytes {
  var pointer: UnsafeMutableRawPointer { get }
}

/// An array with an address.
final class Buffer<T>: Bytes {
  private let storage: UnsafeMutablePointer<T>

  init(_ values: [T]) {
    storage = .allocate(capacity: max(values.count, 1))
    storage.initialize(from: values, count: values.count)
    count = values.count
  }

  deinit { storage.deallocate() }

  let count: Int
  var pointer: UnsafeMutableRawPointer { UnsafeMutableRawPointer(storage) }
  var values: [T] { Array(UnsafeBufferPointer(start: storage, count: count)) }
  subscript(index: Int) -> T { storage[index] }
}

/// A primitive with its chosen placements.
final class Primitive {
  let raw: OpaquePointer
  let library: OpaquePointer

  typealias Make = (
    OpaquePointer, UnsafePointer<apus_onednn_attributes>, UnsafeMutablePointer<OpaquePointer?>
  )
    -> apus_onednn_status

  init(
    postOps: [apus_onednn_post_op] = [], scales: [apus_onednn_quantization] = [],
    zeroPoints: [apus_onednn_quantization] = [], threads: Int = 1, implementation: Int = 0, _ make: Make
  ) throws {
    let library = try #require(OneDNN.library)
    var made: OpaquePointer?
    let status = postOps.withUnsafeBufferPointer { postOps in
      scales.withUnsafeBufferPointer { scales in
        zeroPoints.withUnsafeBufferPointer { zeroPoints in
          var attributes = apus_onednn_attributes()
          attributes.post_ops = postOps.baseAddress
          attributes.post_op_count = Int32(postOps.count)
          attributes.scales = scales.baseAddress
          attributes.scale_count = Int32(scales.count)
          attributes.zero_points = zeroPoints.baseAddress
          attributes.zero_point_count = Int32(zeroPoints.count)
          attributes.threads = Int32(threads)
          attributes.implementation = Int32(implementation)
          return make(library, &attributes, &made)
        }
      }
    }
    try check(status)
    self.library = library
    raw = try #require(made)
  }

  deinit { apus_onednn_primitive_destroy(raw) }

  var name: String { String(cString: apus_onednn_primitive_name(raw)) }

  func bytes(_ argument: apus_onednn_argument) throws -> Int {
    apus_onednn_memory_bytes(library, try #require(apus_onednn_primitive_memory(raw, argument)))
  }

  /// The values of a plain tensor in the placement that the primitive chose for an argument.
  func pack<T>(
    _ values: Buffer<T>, _ memory: Memory, as argument: apus_onednn_argument, padding: T
  ) throws -> Buffer<T> {
    let chosen = try #require(apus_onednn_primitive_memory(raw, argument))
    let count = apus_onednn_memory_bytes(library, chosen) / MemoryLayout<T>.stride
    let packed = Buffer([T](repeating: padding, count: count))
    try check(apus_onednn_reorder(library, memory.raw, values.pointer, chosen, packed.pointer, nil))
    return packed
  }

  /// Executes with one pointer for every argument; working memory is added.
  func run(_ arguments: [(apus_onednn_argument, any Bytes)], threads: apus_threads? = nil) throws {
    var all = arguments
    let scratchpadBytes = apus_onednn_primitive_scratchpad_bytes(raw)
    if scratchpadBytes > 0 {
      all.append((APUS_ONEDNN_SCRATCHPAD, Buffer([UInt8](repeating: 0xff, count: scratchpadBytes))))
    }
    var made: OpaquePointer?
    try check(apus_onednn_call_create(raw, all.map(\.0), Int32(all.count), &made))
    let call = try #require(made)
    defer { apus_onednn_call_destroy(call) }
    let pointers = all.map { $0.1.pointer as UnsafeMutableRawPointer? }
    if var threads {
      try check(apus_onednn_call_run(call, pointers, &threads))
    } else {
      try check(apus_onednn_call_run(call, pointers, nil))
    }
  }
}

func postOp(eltwise algorithm: apus_onednn_algorithm, alpha: Float = 0, beta: Float = 0)
  -> apus_onednn_post_op
{
  var op = apus_onednn_post_op()
  op.kind = APUS_ONEDNN_POST_ELTWISE
  op.algorithm = algorithm
  op.alpha = alpha
  op.beta = beta
  return op
}

func postOp(sum scale: Float) -> apus_onednn_post_op {
  var op = apus_onednn_post_op()
  op.kind = APUS_ONEDNN_POST_SUM
  op.scale = scale
  return op
}

func postOp(binary algorithm: apus_onednn_algorithm, _ operand: Memory) -> apus_onednn_post_op {
  var op = apus_onednn_post_op()
  op.kind = APUS_ONEDNN_POST_BINARY
  op.algorithm = algorithm
  op.operand = operand.raw
  return op
}
