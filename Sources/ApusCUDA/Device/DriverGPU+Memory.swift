import ApusCore
import CApusDrivers

extension DriverGPU {
  public func memory() throws -> (free: Int, total: Int) {
    try bind()
    var free = 0
    var total = 0
    try driver.check(driver.functions.memory_info(&free, &total), "reading free GPU memory")
    return (free, total)
  }

  public func allocate(_ byteCount: Int) throws -> DeviceAddress {
    try bind()
    var address: apus_cuda_address = 0
    try driver.check(
      driver.functions.allocate(&address, byteCount), "allocating \(byteCount) bytes on the GPU")
    return address
  }

  public func release(_ address: DeviceAddress) {
    try? bind()
    _ = driver.functions.release(address)
  }

  public func allocateHost(_ byteCount: Int) throws -> UnsafeMutableRawPointer {
    try bind()
    var pointer: UnsafeMutableRawPointer?
    let flags = UInt32(APUS_CUDA_HOST_PORTABLE)
    try driver.check(
      driver.functions.allocate_host(&pointer, byteCount, flags), "allocating \(byteCount) pinned bytes")
    guard let pointer else { throw ApusError(.resources, Problem(.outOfMemory, "no pinned memory")) }
    return pointer
  }

  public func releaseHost(_ pointer: UnsafeMutableRawPointer) {
    try? bind()
    _ = driver.functions.release_host(pointer)
  }

  public func copy(to address: DeviceAddress, from source: UnsafeRawBufferPointer, on stream: GPUHandle?)
    throws
  {
    guard let start = source.baseAddress, source.count > 0 else { return }
    try bind()
    if let stream {
      let code = driver.functions.copy_to_device_async(address, start, source.count, try pointer(stream))
      try driver.check(code, "copying \(source.count) bytes to the GPU")
    } else {
      try driver.check(
        driver.functions.copy_to_device(address, start, source.count),
        "copying \(source.count) bytes to the GPU")
    }
  }

  public func copy(
    to target: UnsafeMutableRawBufferPointer, from address: DeviceAddress, on stream: GPUHandle?
  ) throws {
    guard let start = target.baseAddress, target.count > 0 else { return }
    try bind()
    if let stream {
      let code = driver.functions.copy_to_host_async(start, address, target.count, try pointer(stream))
      try driver.check(code, "copying \(target.count) bytes from the GPU")
    } else {
      try driver.check(
        driver.functions.copy_to_host(start, address, target.count),
        "copying \(target.count) bytes from the GPU")
    }
  }

  public func copy(
    to address: DeviceAddress, from source: DeviceAddress, byteCount: Int, on stream: GPUHandle
  ) throws {
    if byteCount == 0 { return }
    try bind()
    try driver.check(
      driver.functions.copy_on_device_async(address, source, byteCount, try pointer(stream)),
      "copying \(byteCount) bytes on the GPU")
  }

  public func fill(_ address: DeviceAddress, byteCount: Int, with byte: UInt8, on stream: GPUHandle) throws {
    if byteCount == 0 { return }
    try bind()
    try driver.check(
      driver.functions.fill8_async(address, byte, byteCount, try pointer(stream)),
      "filling \(byteCount) bytes")
  }
}
