public import ApusCore

/// A plugin of a `.cu` file: the operator holds its identity and fields, the kernels come from the file that was loaded
/// under that identity.
public struct KernelPlugin: PluginOperator {
  public var plugin = ""
  public var version = ""
  public var namespace = ""
  public var fields: [LibraryPlugin.Field] = []

  public init() {}

  init(_ identity: PluginIdentity, fields: [LibraryPlugin.Field]) {
    (plugin, version, namespace) = (identity.name, identity.version, identity.namespace)
    self.fields = fields
  }

  public var pluginIdentity: PluginIdentity {
    PluginIdentity(plugin, version: version, namespace: namespace)
  }

  /// The file's contents; throws when it is not loaded.
  package func code() throws -> KernelPluginCode {
    guard let code = KernelPluginFile.code(of: pluginIdentity) else {
      throw OperatorError(
        .pluginMissing, "the file of plugin \(pluginIdentity) is not loaded", value: plugin,
        fix: "load it with --plugin")
    }
    return code
  }

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    try code().infer(fields, try (0..<context.inputs.count).map { try context.tensor($0) })
  }

  /// Runs the library that the file names for the CPU.
  public func evaluate(_ operands: Operands) throws -> [Value] {
    let code = try code()
    guard code.description.library != nil else {
      throw OperatorError(
        .pluginMissing, "plugin \(pluginIdentity) has kernels for a GPU only", value: plugin,
        fix: "run it with --device cuda, or name a library for the CPU in \(code.path)")
    }
    return try LibraryPlugin(pluginIdentity, fields: fields).evaluate(operands)
  }
}

/// A `.cu` plugin that is loaded.
package struct KernelPluginCode: Sendable {
  package let description: KernelPluginDescription
  package let text: String
  package let path: String

  package var identity: PluginIdentity { description.identity }

  /// What the sources call the element type: a type of `common.cuh` with `Store`, `load` and `store` for
  /// floating-point numbers, else one of the language. nil for types that kernels do not take.
  package static func cType(of dtype: DType) -> String? {
    switch dtype {
    case .f16: "F16"
    case .bf16: "BF16"
    case .f32: "F32"
    case .i32: "int"
    case .i64: "long long"
    case .u8, .bool: "unsigned char"
    case .i8: "signed char"
    default: nil
    }
  }

  /// Types of the outputs, symbolic where those of the inputs are.
  func infer(_ fields: [LibraryPlugin.Field], _ inputs: [TensorType]) throws -> [ValueType] {
    let symbols = try symbols(fields, inputs)
    return try description.outputs.map { output in
      if let like = description.inputs.firstIndex(where: { $0.name == output.like }) {
        return .tensor(inputs[like])
      }
      let same = description.inputs.firstIndex { $0.name == output.type }
      guard let dtype = same.map({ inputs[$0].dtype }) ?? output.type.flatMap(DType.init(rawValue:)) else {
        throw OperatorError(.pluginInvalid, "output '\(output.name)' has no type")
      }
      let shape = (output.shape ?? []).map { $0.substituting { symbols[$0] } }
      if let negative = shape.first(where: { ($0.value ?? 0) < 0 }) {
        throw OperatorError(.shapeMismatch, "output '\(output.name)' has the size \(negative)")
      }
      return .tensor(dtype, shape)
    }
  }

  /// What the symbols of sizes stand for, counts of inputs included.
  package func symbols(_ fields: [LibraryPlugin.Field], _ inputs: [TensorType]) throws -> [String: Dim] {
    guard inputs.count == description.inputs.count else {
      throw OperatorError(
        .wrongInputCount, "the plugin has \(inputs.count) inputs", allowed: "\(description.inputs.count)")
    }
    var known: [String: Dim] = [:]
    for field in fields where field.ints.count == 1 {
      known[field.name.uppercased()] = .constant(field.ints[0])
    }
    for (operand, type) in zip(description.inputs, inputs) {
      let types = operand.types ?? [.f32]
      guard types.contains(type.dtype) else {
        throw OperatorError(
          .typeMismatch, "input '\(operand.name)' is \(type.dtype.rawValue)",
          allowed: types.map(\.rawValue).joined(separator: ", "))
      }
      guard let shape = type.shape else {
        throw OperatorError(.shapeMismatch, "the rank of input '\(operand.name)' is unknown")
      }
      known[operand.countSymbol] = shape.reduce(.constant(1)) { $0 * $1 }
      if let wanted = operand.shape { try bind(wanted, shape, operand.name, &known) }
    }
    return known
  }

  private func bind(_ wanted: [Dim], _ shape: Shape, _ name: String, _ known: inout [String: Dim]) throws {
    let text = "[\(wanted.map(\.description).joined(separator: ", "))]"
    guard wanted.count == shape.count else {
      throw OperatorError(.shapeMismatch, "input '\(name)' has \(shape.count) axes", allowed: text)
    }
    for (size, given) in zip(wanted, shape) {
      let expected = size.symbolName.map { known[$0] } ?? size
      if let a = expected?.value, let b = given.value, a != b {
        throw OperatorError(.shapeMismatch, "a size of input '\(name)' is \(b), not \(a)", allowed: text)
      }
      if let symbol = size.symbolName, known[symbol]?.value == nil { known[symbol] = given }
    }
  }
}
