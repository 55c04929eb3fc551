package import ApusCore

/// What the head of a `.cu` plugin says: what it is, the types of its results, and how its kernels are launched.
///
/// Sizes are numbers or text such as `floordiv(COLUMNS+127, 128)`. They may use the symbols of input shapes, `NAME_COUNT`
/// (elements of the operand `name`) and INT32 fields of one element by their names in capitals.
package struct KernelPluginDescription: Decodable, Sendable {
  package struct Field: Decodable, Sendable {
    var name: String
    var type: PluginField.Kind
    /// How many elements it takes: least and most; one without.
    var count: [Int]?
    var `default`: AttributeValue?
    var meaning: String?
  }

  package struct Operand: Decodable, Sendable {
    package var name: String
    /// Element types that an input may have; FP32 without.
    var types: [DType]?
    /// Type of an output: an element type, or the input that has the same.
    var type: String?
    /// Sizes; those of inputs are symbols or numbers. Inputs without take any shape.
    var shape: [Dim]?
    /// The input whose type and shape an output has.
    var like: String?
  }

  package struct Launch: Decodable, Sendable {
    /// Name of the `extern "C" __global__` function.
    package var kernel: String
    package var grid: [Dim]
    package var block: [Dim]
    /// Bytes of dynamic shared memory.
    package var shared: Dim?
    /// The kernel's parameters: operands, or `workspace`.
    package var operands: [String]
  }

  var name: String
  var version: String?
  var namespace: String?
  var summary: String?
  /// A library with the same plugin for the CPU, beside the file.
  var library: String?
  var fields: [Field]?
  package var inputs: [Operand]
  package var outputs: [Operand]
  /// Bytes of scratch memory that launches share.
  package var workspace: Dim?
  package var launches: [Launch]

  package static let workspaceName = "workspace"

  var identity: PluginIdentity {
    PluginIdentity(name, version: version ?? "1", namespace: namespace ?? "")
  }

  var pluginFields: [PluginField] {
    (fields ?? []).map { field in
      let count = field.count ?? [1, 1]
      return PluginField(
        field.name, field.type, count: count[0]...count[1], default: field.default, field.meaning ?? "")
    }
  }
}

extension KernelPluginDescription.Operand {
  /// The symbol for the number of elements.
  package var countSymbol: String { name.uppercased() + "_COUNT" }
}

extension KernelPluginDescription {
  /// What is wrong with the description; nil when nothing is.
  var fault: String? {
    let names = inputs.map(\.name) + outputs.map(\.name)
    if let odd = ([name] + names + (fields ?? []).map(\.name)).first(where: { !Self.isIdentifier($0) }) {
      return "'\(odd)' is no name"
    }
    if Set(names).count < names.count || names.contains(Self.workspaceName) {
      return "two operands have one name, or one is named 'workspace'"
    }
    if inputs.isEmpty || outputs.isEmpty || launches.isEmpty {
      return "inputs, outputs or launches are missing"
    }
    return faultOfFields ?? inputs.compactMap(fault(ofInput:)).first
      ?? outputs.compactMap(fault(ofOutput:)).first ?? launches.compactMap(fault(of:)).first
      ?? (unknownSymbol(in: workspace.map { [$0] } ?? [], withOutputs: true))
  }

  private static func isIdentifier(_ text: String) -> Bool {
    guard let first = text.utf8.first, !(48...57).contains(first) else { return false }
    return text.utf8.allSatisfy {
      $0 == 95 || (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0)
    }
  }

  private var faultOfFields: String? {
    for field in fields ?? [] {
      let count = field.count ?? [1, 1]
      if count.count != 2 || count[0] < 1 || count[1] < count[0] {
        return "field '\(field.name)' has no count of the form [least, most]"
      }
    }
    let misfit = pluginFields.first { field in
      field.defaultValue != nil && (try? PluginFields([:], for: [field])) == nil
    }
    return misfit.map { "the default of field '\($0.name)' does not fit" }
  }

  private func fault(ofInput input: Operand) -> String? {
    if input.type != nil || input.like != nil { return "input '\(input.name)' has 'type' or 'like'" }
    if (input.types ?? []).contains(where: { KernelPluginCode.cType(of: $0) == nil }) {
      return "input '\(input.name)' has an element type that kernels do not take"
    }
    let odd = (input.shape ?? []).first { $0.value == nil && $0.symbolName == nil }
    return odd.map { "a size of input '\(input.name)' is neither a symbol nor a number: \($0)" }
  }

  private func fault(ofOutput output: Operand) -> String? {
    let known = Set(inputs.map(\.name))
    if let like = output.like {
      return known.contains(like) && output.shape == nil && output.type == nil
        ? nil : "output '\(output.name)' is like no input, or has a type or shape besides"
    }
    guard let shape = output.shape, let type = output.type,
      known.contains(type) || DType(rawValue: type).flatMap(KernelPluginCode.cType) != nil
    else { return "output '\(output.name)' needs 'like', or 'type' and 'shape'" }
    return unknownSymbol(in: shape, withOutputs: false)
  }

  private func fault(of launch: Launch) -> String? {
    guard (1...3).contains(launch.grid.count), (1...3).contains(launch.block.count) else {
      return "the launch of '\(launch.kernel)' needs one to three sizes for grid and block"
    }
    let names = Set((inputs + outputs).map(\.name)).union(workspace == nil ? [] : [Self.workspaceName])
    if let odd = launch.operands.first(where: { !names.contains($0) }) {
      return "the launch of '\(launch.kernel)' has an operand '\(odd)' that is not there"
    }
    return unknownSymbol(
      in: launch.grid + launch.block + (launch.shared.map { [$0] } ?? []), withOutputs: true)
  }

  private func unknownSymbol(in sizes: [Dim], withOutputs: Bool) -> String? {
    var known = Set(inputs.flatMap { $0.shape ?? [] }.flatMap(\.symbols))
    known.formUnion((inputs + (withOutputs ? outputs : [])).map(\.countSymbol))
    known.formUnion((fields ?? []).filter { $0.type == .int32 }.map { $0.name.uppercased() })
    let unknown = sizes.lazy.flatMap(\.symbols).first { !known.contains($0) }
    return unknown.map { "'\($0)' is no symbol of an input's shape, no count and no field" }
  }
}
