import ApusCore
import CApusDrivers

extension DriverGPU {
  public func makeStream() throws -> GPUHandle {
    try bind()
    var stream: apus_cuda_stream?
    try driver.check(
      driver.functions.stream_create(&stream, UInt32(APUS_CUDA_STREAM_NON_BLOCKING), 0), "creating a stream")
    return try handle(stream, "creating a stream")
  }

  public func release(stream: GPUHandle) {
    try? bind()
    if let pointer = try? pointer(stream) { _ = driver.functions.stream_destroy(pointer) }
  }

  public func synchronize(_ stream: GPUHandle) throws {
    try bind()
    try driver.check(driver.functions.stream_synchronize(try pointer(stream)), "waiting for the GPU")
  }

  public func makeEvent() throws -> GPUHandle {
    try bind()
    var event: apus_cuda_event?
    try driver.check(driver.functions.event_create(&event, 0), "creating an event")
    return try handle(event, "creating an event")
  }

  public func release(event: GPUHandle) {
    try? bind()
    if let pointer = try? pointer(event) { _ = driver.functions.event_destroy(pointer) }
  }

  public func record(_ event: GPUHandle, on stream: GPUHandle) throws {
    try bind()
    try driver.check(
      driver.functions.event_record(try pointer(event), try pointer(stream)), "recording an event")
  }

  public func wait(for event: GPUHandle, on stream: GPUHandle) throws {
    try bind()
    try driver.check(
      driver.functions.stream_wait(try pointer(stream), try pointer(event), 0), "waiting for an event")
  }

  public func synchronize(event: GPUHandle) throws {
    try bind()
    try driver.check(driver.functions.event_synchronize(try pointer(event)), "waiting for the GPU")
  }

  public func milliseconds(from start: GPUHandle, to end: GPUHandle) throws -> Double {
    try bind()
    var milliseconds: Float = 0
    try driver.check(
      driver.functions.event_elapsed(&milliseconds, try pointer(start), try pointer(end)), "timing the GPU")
    return Double(milliseconds)
  }

  public func beginCapture(on stream: GPUHandle) throws {
    try bind()
    try driver.check(
      driver.functions.capture_begin(try pointer(stream), Int32(APUS_CUDA_CAPTURE_THREAD_LOCAL)),
      "starting to capture a graph")
  }

  public func endCapture(on stream: GPUHandle) throws -> GPUHandle {
    try bind()
    var graph: apus_cuda_graph?
    try driver.check(driver.functions.capture_end(try pointer(stream), &graph), "capturing a graph")
    guard let graph else { throw ApusError(.resources, Problem(.driverFailure, "capturing gave no graph")) }
    defer { _ = driver.functions.graph_destroy(graph) }
    var executable: apus_cuda_graph_exec?
    try driver.check(driver.functions.graph_instantiate(&executable, graph, 0), "instantiating a graph")
    if let executable { _ = driver.functions.graph_upload(executable, try pointer(stream)) }
    return try handle(executable, "instantiating a graph")
  }

  public func launch(graph: GPUHandle, on stream: GPUHandle) throws {
    try bind()
    try driver.check(
      driver.functions.graph_launch(try pointer(graph), try pointer(stream)), "launching a graph")
  }

  public func release(graph: GPUHandle) {
    try? bind()
    if let pointer = try? pointer(graph) { _ = driver.functions.graph_exec_destroy(pointer) }
  }
}
