public import ApusCore
import CApusPlugin

/// A plugin of a shared library: the operator holds its identity and fields, the code comes from the library that was
/// loaded under that identity.
public struct LibraryPlugin: CPUPlugin {
  /// Value of a field; one of the lists is used, by the field's kind.
  public struct Field: Sendable, Hashable, Codable {
    public var name = ""
    public var ints: [Int] = []
    public var floats: [Float] = []
    public var strings: [String] = []

    public init() {}
  }

  public var plugin = ""
  public var version = ""
  public var namespace = ""
  public var fields: [Field] = []

  public init() {}

  init(_ identity: PluginIdentity, fields: [Field]) {
    (plugin, version, namespace) = (identity.name, identity.version, identity.namespace)
    self.fields = fields
  }

  public var pluginIdentity: PluginIdentity {
    PluginIdentity(plugin, version: version, namespace: namespace)
  }

  private func code() throws -> PluginCode {
    guard let code = PluginLibrary.code(of: pluginIdentity) else {
      throw OperatorError(
        .pluginMissing, "the library of plugin \(pluginIdentity) is not loaded", value: plugin,
        fix: "load it with --plugin")
    }
    return code
  }

  /// Whether the library computes on a device.
  private func runs(on device: apus_plugin_device) -> Bool {
    guard let devices = PluginLibrary.code(of: pluginIdentity)?.native.pointee.devices else { return false }
    return (devices == 0 ? APUS_PLUGIN_ON_CPU.rawValue : devices) & device.rawValue != 0
  }

  /// Whether the loaded library computes on the CPU.
  package var runsOnCPU: Bool { runs(on: APUS_PLUGIN_ON_CPU) }
  /// Whether the loaded library computes on CUDA devices.
  package var runsOnCUDA: Bool { runs(on: APUS_PLUGIN_ON_CUDA) }

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    let types = try (0..<context.inputs.count).map { try context.tensor($0) }
    return try code().infer(fields, types)
  }

  /// Runs the library's own code: it is the reference of its plugin.
  public func evaluate(_ operands: Operands) throws -> [Value] {
    let inputs = try (0..<operands.count).map { try operands.tensor($0) }
    let code = try code()
    guard runsOnCPU else {
      throw OperatorError(
        .pluginMissing, "the library of plugin \(pluginIdentity) computes on a GPU only", value: plugin,
        fix: "run it with --device cuda")
    }
    let types = try code.infer(fields, inputs.map(\.type))
    let shapes = try types.map { type in
      guard let tensor = type.tensor, let shape = tensor.staticShape else {
        throw OperatorError(.shapeMismatch, "the plugin leaves a size of an output open")
      }
      return TensorDescriptor(tensor.dtype, shape)
    }
    let call = PluginCall(
      code, fields, inputs: inputs.map { TensorDescriptor($0.dtype, $0.shape) }, outputs: shapes)
    let scratch = UnsafeMutableRawPointer.allocate(byteCount: max(call.workspaceBytes, 64), alignment: 64)
    defer { scratch.deallocate() }
    let results = shapes.map { Tensor($0.dtype, $0.shape) }
    for (index, tensor) in inputs.enumerated() {
      call.inputs[index].data = UnsafeMutableRawPointer(mutating: tensor.storage.base + tensor.byteOffset)
    }
    for (index, tensor) in results.enumerated() {
      call.outputs[index].data = UnsafeMutableRawPointer(mutating: tensor.storage.base + tensor.byteOffset)
    }
    try withExtendedLifetime((inputs, results)) { try call.run(scratch, stream: nil) }
    return results.map { .tensor($0) }
  }

  public func prepareForCPU(_ context: PrepareContext) throws -> PreparedKernel { try prepared(context) }

  /// A call with shapes fixed, on the device whose memory the addresses of a run name.
  package func prepared(_ context: PrepareContext) throws -> PreparedKernel {
    let inputs = try context.inputs.indices.map { try context.input($0) }
    // Outputs that nobody reads still have a type; the library skips those without memory.
    let types = try code().infer(fields, inputs.map { TensorType($0.dtype, Shape($0.shape)) })
    let outputs = types.enumerated().map { index, type -> TensorDescriptor in
      if index < context.outputs.count, let known = context.outputs[index] { return known }
      return TensorDescriptor(type.tensor?.dtype ?? .f32, type.tensor?.staticShape ?? [])
    }
    let call = PluginCall(try code(), fields, inputs: inputs, outputs: outputs)
    let named = context.outputs.count
    return PreparedKernel(scratchBytes: call.workspaceBytes) { frame in
      for index in inputs.indices {
        call.inputs[index].data = UnsafeMutableRawPointer(mutating: frame.input(index))
      }
      for index in 0..<min(named, outputs.count) { call.outputs[index].data = frame.output(index) }
      try call.run(frame.scratch, stream: frame.stream)
    }
  }
}
