import ApusCore
import CApusDrivers

extension DriverGPU {
  public func load(_ image: [UInt8]) throws -> GPUHandle {
    try bind()
    var module: apus_cuda_module?
    // PTX is text and must end in a zero.
    let code = (image + [0]).withUnsafeBytes { bytes in
      bytes.baseAddress.map { driver.functions.module_load(&module, $0) }
    }
    try driver.check(code ?? 1, "loading \(image.count) bytes of machine code on \(properties.name)")
    return try handle(module, "loading machine code")
  }

  public func release(module: GPUHandle) {
    try? bind()
    if let pointer = try? pointer(module) { _ = driver.functions.module_unload(pointer) }
  }

  public func function(_ name: String, of module: GPUHandle) throws -> GPUHandle {
    try bind()
    var function: apus_cuda_function?
    try driver.check(
      driver.functions.module_function(&function, try pointer(module), name), "finding kernel \(name)")
    return try handle(function, "finding kernel \(name)")
  }

  public func resources(of function: GPUHandle) throws -> FunctionResources {
    try bind()
    func attribute(_ id: Int) throws -> Int {
      var value: Int32 = 0
      try driver.check(
        driver.functions.function_attribute(&value, Int32(id), try pointer(function)),
        "reading a kernel's attributes")
      return Int(value)
    }
    return FunctionResources(
      registers: try attribute(APUS_CUDA_FUNCTION_REGISTERS),
      localBytes: try attribute(APUS_CUDA_FUNCTION_LOCAL_BYTES),
      sharedBytes: try attribute(APUS_CUDA_FUNCTION_SHARED_BYTES))
  }

  public func prepare(_ function: GPUHandle, dynamicSharedBytes byteCount: Int) throws {
    try bind()
    let code = driver.functions.function_set_attribute(
      try pointer(function), Int32(APUS_CUDA_FUNCTION_MAX_DYNAMIC_SHARED_BYTES), Int32(clamping: byteCount))
    try driver.check(code, "allowing a kernel \(byteCount) bytes of shared memory")
  }

  public func launch(
    _ function: GPUHandle, _ geometry: LaunchGeometry, _ arguments: borrowing ArgumentBlock,
    on stream: GPUHandle
  ) throws {
    try bind()
    var launch = apus_cuda_launch()
    launch.grid = words(geometry.grid)
    launch.block = words(geometry.block)
    if let cluster = geometry.cluster { launch.cluster = words(cluster) }
    launch.shared_bytes = UInt32(clamping: geometry.sharedBytes)
    launch.programmatic = geometry.startsEarly && properties.hasClusters ? 1 : 0
    let code = apus_cuda_launch_kernel(
      driver.pointer, try pointer(function), &launch, try pointer(stream), arguments.pointers)
    try driver.check(code, "launching a kernel with \(geometry)")
  }

  private func words(_ extents: LaunchGeometry.Extents) -> (UInt32, UInt32, UInt32) {
    (UInt32(clamping: extents.x), UInt32(clamping: extents.y), UInt32(clamping: extents.z))
  }

  public func encode(_ map: TensorMapSpec, address: DeviceAddress) throws -> TensorMap {
    var words = [UInt64](repeating: 0, count: TensorMap.byteCount / 8)
    switch map {
    case .matrix(let element, let rows, let columns, let stride, let boxRows, let boxColumns):
      let dimensions = [UInt64(columns), UInt64(rows)]
      let strides = [UInt64(stride * element.byteCount)]
      let box = [UInt32(boxColumns), UInt32(boxRows)]
      let code = apus_cuda_encode_tiled(
        driver.pointer, &words, element.code, 2, address, dimensions, strides, box,
        Int32(APUS_CUDA_SWIZZLE_128B), Int32(APUS_CUDA_L2_PROMOTION_256B))
      try driver.check(code, "encoding a tensor map of \(rows)x\(columns)")
    case .windows(let element, let windows):
      var shape = windows.shape(element)
      try driver.check(
        apus_cuda_encode_im2col(driver.pointer, &words, address, &shape),
        "encoding the tensor map of a convolution")
    }
    return TensorMap(words: words)
  }
}

extension TensorMapSpec.Element {
  var code: Int32 {
    switch self {
    case .f16: Int32(APUS_CUDA_TENSOR_FLOAT16)
    case .bf16: Int32(APUS_CUDA_TENSOR_BFLOAT16)
    case .f32: Int32(APUS_CUDA_TENSOR_FLOAT32)
    }
  }
}

extension TensorMapSpec.Windows {
  func shape(_ element: TensorMapSpec.Element) -> apus_cuda_im2col {
    var shape = apus_cuda_im2col()
    shape.element_type = element.code
    shape.element_bytes = Int32(element.byteCount)
    shape.batch = UInt64(images)
    shape.height = UInt64(height)
    shape.width = UInt64(width)
    shape.channels = UInt64(channels)
    shape.kernel = (Int32(kernel[0]), Int32(kernel[1]))
    shape.stride = (Int32(strides[0]), Int32(strides[1]))
    shape.dilation = (Int32(dilations[0]), Int32(dilations[1]))
    shape.padding = (Int32(pads[0]), Int32(pads[1]), Int32(pads[2]), Int32(pads[3]))
    shape.channels_per_copy = UInt32(channelsPerCopy)
    shape.pixels_per_copy = UInt32(pixelsPerCopy)
    shape.swizzle = Int32(APUS_CUDA_SWIZZLE_128B)
    shape.promotion = Int32(APUS_CUDA_L2_PROMOTION_256B)
    return shape
  }
}
