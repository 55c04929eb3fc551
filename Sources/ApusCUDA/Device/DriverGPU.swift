import ApusCore
import CApusDrivers
import Synchronization

/// A GPU through the CUDA driver, in the device's primary context (shared with other users of the device in this
/// process, such as PyTorch).
public final class DriverGPU: GPU, @unchecked Sendable {
  // The context is made before the value is shared and released with it; the driver's calls are thread-safe.
  let driver: DriverTable
  let device: apus_cuda_device
  let context: apus_cuda_context
  public let ordinal: Int
  public let properties: GPUProperties
  /// Opened when they are first needed.
  let libraries = Mutex(OpenLibraries())

  /// How many GPUs there are. Throws `deviceMissing` when there is no usable driver.
  public static func count() throws -> Int {
    let driver = try openDriver()
    var count: Int32 = 0
    let code = driver.functions.device_count(&count)
    if code == Int32(APUS_CUDA_ERROR_NO_DEVICE) { return 0 }
    try driver.check(code, "counting CUDA devices")
    return Int(count)
  }

  /// Opens device `ordinal`.
  public init(ordinal: Int = 0) throws {
    let driver = try Self.openDriver()
    let count = try Self.count()
    guard ordinal >= 0, ordinal < count else {
      throw ApusError(
        .resources,
        Problem(
          .deviceMissing, "there is no CUDA device \(ordinal): \(count) found",
          fix: "choose --device cpu or cuda:0"))
    }
    self.driver = driver
    self.ordinal = ordinal
    var device: apus_cuda_device = 0
    try driver.check(driver.functions.device_get(&device, Int32(ordinal)), "opening CUDA device \(ordinal)")
    self.device = device
    properties = try Self.readProperties(driver, device)
    guard properties.capability >= 80 else {
      throw ApusError(
        .resources,
        Problem(
          .deviceMissing,
          "\(properties.name) has compute capability \(properties.capability / 10).\(properties.capability % 10)",
          allowed: "8.0 and later", fix: "choose --device cpu"))
    }
    var context: apus_cuda_context?
    try driver.check(driver.functions.context_retain(&context, device), "creating the CUDA context")
    guard let context else {
      throw ApusError(.resources, Problem(.driverFailure, "the driver gave no context"))
    }
    self.context = context
  }

  deinit {
    try? bind()
    libraries.withLock { $0 = OpenLibraries() }
    _ = driver.functions.context_release(device)
  }

  static func openDriver() throws -> DriverTable {
    let (table, finding) = CUDALibraries.withFolders([]) { apus_cuda_open($0, $1, $2) }
    guard let table else {
      throw ApusError(
        .resources,
        Problem(
          .deviceMissing, "no CUDA driver: \(finding.problem ?? "not found")",
          fix: "install the NVIDIA driver, or choose --device cpu"))
    }
    let driver = DriverTable(pointer: table)
    try driver.check(driver.functions.`init`(0), "starting the CUDA driver")
    return driver
  }

  private static func readProperties(_ driver: DriverTable, _ device: apus_cuda_device) throws
    -> GPUProperties
  {
    func attribute(_ id: Int) throws -> Int {
      var value: Int32 = 0
      try driver.check(
        driver.functions.device_attribute(&value, Int32(id), device), "reading device attribute \(id)")
      return Int(value)
    }
    var name = [CChar](repeating: 0, count: 256)
    try driver.check(driver.functions.device_name(&name, 256, device), "reading the device's name")
    var bytes = 0
    try driver.check(driver.functions.device_memory(&bytes, device), "reading the device's memory size")
    var version: Int32 = 0
    _ = driver.functions.driver_version(&version)
    let major = try attribute(APUS_CUDA_ATTRIBUTE_CAPABILITY_MAJOR)
    let clock = (try? attribute(APUS_CUDA_ATTRIBUTE_MEMORY_CLOCK_KHZ)) ?? 0
    let width = (try? attribute(APUS_CUDA_ATTRIBUTE_MEMORY_BUS_BITS)) ?? 0
    return GPUProperties(
      name: String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self),
      capability: major * 10 + (try attribute(APUS_CUDA_ATTRIBUTE_CAPABILITY_MINOR)),
      multiprocessors: try attribute(APUS_CUDA_ATTRIBUTE_MULTIPROCESSORS),
      clockKilohertz: try attribute(APUS_CUDA_ATTRIBUTE_CLOCK_KHZ),
      memoryBytes: bytes,
      l2Bytes: try attribute(APUS_CUDA_ATTRIBUTE_L2_BYTES),
      sharedBytesPerBlock: try attribute(APUS_CUDA_ATTRIBUTE_SHARED_PER_BLOCK_OPTIN),
      sharedBytesPerMultiprocessor: try attribute(APUS_CUDA_ATTRIBUTE_SHARED_PER_MULTIPROCESSOR),
      threadsPerMultiprocessor: try attribute(APUS_CUDA_ATTRIBUTE_THREADS_PER_MULTIPROCESSOR),
      // Both edges of the clock carry data.
      bandwidth: Double(clock) * 1000 * 2 * Double(width) / 8,
      driverVersion: Int(version))
  }

  /// Makes this device's context current on the calling thread.
  func bind() throws { try driver.check(driver.functions.context_set(context), "binding the CUDA context") }

  func pointer(_ handle: GPUHandle) throws -> OpaquePointer {
    guard let pointer = OpaquePointer(bitPattern: handle.bits) else {
      throw ApusError(.internal, Problem(.internalError, "an empty GPU handle"))
    }
    return pointer
  }

  func handle(_ pointer: OpaquePointer?, _ call: String) throws -> GPUHandle {
    guard let pointer else { throw ApusError(.resources, Problem(.driverFailure, "\(call) gave nothing")) }
    return GPUHandle(bits: UInt(bitPattern: pointer))
  }
}
