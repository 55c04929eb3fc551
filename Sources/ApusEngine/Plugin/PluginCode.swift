import ApusCore
import CApusPlugin
import Glibc

/// The functions of one plugin of a library that is loaded for good.
struct PluginCode: @unchecked Sendable {
  let native: UnsafePointer<apus_plugin>

  var identity: PluginIdentity {
    PluginIdentity(
      String(cString: native.pointee.name), version: String(cString: native.pointee.version),
      namespace: String(cString: native.pointee.name_space))
  }

  /// Types of the outputs, symbolic where those of the inputs are.
  func infer(_ fields: [LibraryPlugin.Field], _ inputs: [TensorType]) throws -> [ValueType] {
    let plugin = native.pointee
    guard inputs.count >= plugin.minimum_inputs, inputs.count <= plugin.maximum_inputs else {
      throw OperatorError(
        .wrongInputCount, "the plugin has \(inputs.count) inputs",
        allowed: "\(plugin.minimum_inputs) to \(plugin.maximum_inputs)")
    }
    let host = DimHost()
    let types = try inputs.enumerated().map { index, type in
      guard let shape = type.shape, shape.count <= Int(APUS_PLUGIN_MAX_RANK) else {
        throw OperatorError(
          .shapeMismatch, "input \(index) has no known rank of at most \(APUS_PLUGIN_MAX_RANK)")
      }
      var native = apus_plugin_type()
      (native.dtype, native.rank) = (Int32(type.dtype.onnxCode), Int32(shape.count))
      withUnsafeMutableBytes(of: &native.shape) { axes in
        for (axis, dim) in shape.enumerated() {
          axes.storeBytes(of: host.add(dim), toByteOffset: axis * 4, as: Int32.self)
        }
      }
      return native
    }
    var outputs = [apus_plugin_type](repeating: apus_plugin_type(), count: Int(plugin.output_count))
    let values = PluginValues(fields)
    let failure = withExtendedLifetime(host) {
      PluginMessage.of { message in
        var dims = host.native
        return plugin.infer(values.native, &dims, types, Int32(types.count), &outputs, message)
      }
    }
    if let failure { throw OperatorError(.shapeMismatch, failure) }
    return try outputs.map { try type(of: $0, host) }
  }

  private func type(of output: apus_plugin_type, _ host: DimHost) throws -> ValueType {
    guard let dtype = DType(onnxCode: Int(output.dtype)), output.rank >= 0,
      output.rank <= APUS_PLUGIN_MAX_RANK
    else { throw OperatorError(.pluginInvalid, "the plugin infers no valid type") }
    let axes = withUnsafeBytes(of: output.shape) { bytes in
      (0..<Int(output.rank)).map { bytes.load(fromByteOffset: $0 * 4, as: Int32.self) }
    }
    let shape = axes.compactMap { host.dim($0) }
    guard shape.count == axes.count else {
      throw OperatorError(.pluginInvalid, "the plugin infers a dimension that it was not given")
    }
    return .tensor(dtype, shape)
  }
}

/// Dimensions that a library handles by number.
private final class DimHost {
  private var dims: [Dim] = []

  func add(_ dim: Dim) -> Int32 {
    dims.append(dim)
    return Int32(dims.count - 1)
  }

  func dim(_ handle: Int32) -> Dim? { dims.indices.contains(Int(handle)) ? dims[Int(handle)] : nil }

  private func combine(_ operation: apus_plugin_operation, _ a: Dim, _ b: Dim) -> Dim? {
    switch operation {
    case APUS_PLUGIN_ADD: a + b
    case APUS_PLUGIN_SUBTRACT: a - b
    case APUS_PLUGIN_MULTIPLY: a * b
    case APUS_PLUGIN_FLOOR_DIVIDE: b == 0 ? nil : a.floorDiv(b)
    case APUS_PLUGIN_CEIL_DIVIDE: b == 0 ? nil : a.ceilDiv(b)
    case APUS_PLUGIN_MINIMUM: Dim.min(a, b)
    case APUS_PLUGIN_MAXIMUM: Dim.max(a, b)
    default: nil
    }
  }

  /// The functions as the library calls them; valid as long as the host.
  var native: apus_plugin_dims {
    var table = apus_plugin_dims()
    table.host = Unmanaged.passUnretained(self).toOpaque()
    table.constant = { context, value in
      guard let context else { return -1 }
      return Unmanaged<DimHost>.fromOpaque(context).takeUnretainedValue().add(.constant(Int(value)))
    }
    table.combine = { context, operation, a, b in
      guard let context else { return -1 }
      let host = Unmanaged<DimHost>.fromOpaque(context).takeUnretainedValue()
      guard let x = host.dim(a), let y = host.dim(b), let result = host.combine(operation, x, y) else {
        return -1
      }
      return host.add(result)
    }
    table.value = { context, dim in
      guard let context else { return -1 }
      let host = Unmanaged<DimHost>.fromOpaque(context).takeUnretainedValue()
      return host.dim(dim)?.value.map { Int64($0) } ?? -1
    }
    return table
  }
}

/// Where a library says why it failed.
enum PluginMessage {
  /// nil when `body` returns 0; else what it wrote.
  static func of(_ body: (UnsafeMutablePointer<apus_plugin_message>) -> Int32) -> String? {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 512) { text in
      text.initialize(repeating: 0)
      var message = apus_plugin_message(text: text.baseAddress, size: text.count)
      let status = body(&message)
      guard status != 0 else { return nil }
      let written = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      return written.isEmpty ? "the plugin fails with status \(status)" : written
    }
  }
}

/// Values of fields in the form of the header; owns their memory.
final class PluginValues: @unchecked Sendable {
  private var blocks: [UnsafeMutableRawPointer] = []
  private let values: UnsafeMutablePointer<apus_plugin_value>
  let native: UnsafeMutablePointer<apus_plugin_values>

  init(_ fields: [LibraryPlugin.Field]) {
    values = .allocate(capacity: max(fields.count, 1))
    native = .allocate(capacity: 1)
    native.initialize(to: apus_plugin_values(count: Int32(fields.count), values: values))
    for (index, field) in fields.enumerated() {
      var value = apus_plugin_value()
      value.name = UnsafePointer(text(field.name))
      if !field.ints.isEmpty {
        (value.kind, value.count) = (APUS_PLUGIN_INT32, Int32(field.ints.count))
        value.elements = UnsafeRawPointer(block(field.ints.map { Int32(truncatingIfNeeded: $0) }))
      } else if !field.strings.isEmpty {
        (value.kind, value.count) = (APUS_PLUGIN_STRING, Int32(field.strings.count))
        value.elements = UnsafeRawPointer(block(field.strings.map { UnsafePointer<CChar>(text($0)) }))
      } else {
        (value.kind, value.count) = (APUS_PLUGIN_FLOAT32, Int32(field.floats.count))
        value.elements = UnsafeRawPointer(block(field.floats))
      }
      (values + index).initialize(to: value)
    }
  }

  private func block<T>(_ elements: [T]) -> UnsafeMutablePointer<T> {
    let memory = UnsafeMutablePointer<T>.allocate(capacity: max(elements.count, 1))
    for (index, element) in elements.enumerated() { (memory + index).initialize(to: element) }
    blocks.append(UnsafeMutableRawPointer(memory))
    return memory
  }

  private func text(_ string: String) -> UnsafeMutablePointer<CChar> {
    block(string.utf8.map { CChar(bitPattern: $0) } + [0])
  }

  deinit {
    for block in blocks { block.deallocate() }
    values.deallocate()
    native.deallocate()
  }
}

/// A plugin with shapes fixed: everything that `enqueue` needs lies ready.
final class PluginCall: @unchecked Sendable {
  let inputs: UnsafeMutablePointer<apus_plugin_tensor>
  let outputs: UnsafeMutablePointer<apus_plugin_tensor>
  let workspaceBytes: Int
  private let code: PluginCode
  private let values: PluginValues
  private let inputCount: Int32

  init(
    _ code: PluginCode, _ fields: [LibraryPlugin.Field], inputs: [TensorDescriptor],
    outputs: [TensorDescriptor]
  ) {
    self.code = code
    let values = PluginValues(fields)
    let (given, made, count) = (Self.tensors(inputs), Self.tensors(outputs), Int32(inputs.count))
    (self.values, self.inputs, self.outputs, inputCount) = (values, given, made, count)
    workspaceBytes =
      code.native.pointee.workspace.map { $0(values.native, given, count, made) } ?? 0
  }

  private static func tensors(_ descriptors: [TensorDescriptor]) -> UnsafeMutablePointer<apus_plugin_tensor> {
    let tensors = UnsafeMutablePointer<apus_plugin_tensor>.allocate(capacity: max(descriptors.count, 1))
    for (index, descriptor) in descriptors.enumerated() {
      var native = apus_plugin_tensor()
      (native.dtype, native.rank) = (Int32(descriptor.dtype.onnxCode), Int32(descriptor.shape.count))
      withUnsafeMutableBytes(of: &native.shape) { axes in
        for (axis, size) in descriptor.shape.prefix(Int(APUS_PLUGIN_MAX_RANK)).enumerated() {
          axes.storeBytes(of: Int64(size), toByteOffset: axis * 8, as: Int64.self)
        }
      }
      (tensors + index).initialize(to: native)
    }
    return tensors
  }

  func run(_ scratch: UnsafeMutableRawPointer, stream: UnsafeMutableRawPointer?) throws {
    let failure = PluginMessage.of { message in
      code.native.pointee.enqueue(values.native, inputs, inputCount, outputs, scratch, stream, message)
    }
    guard let failure else { return }
    throw ApusError(
      .invalidInput,
      Problem(.pluginInvalid, "plugin \(code.identity) fails: \(failure)", operator: code.identity.name))
  }

  deinit {
    inputs.deallocate()
    outputs.deallocate()
  }
}
