import ApusCUDA
public import ApusCore
import ApusEngine
public import ApusTactics

/// The kernels that a `.cu` plugin brings along, compiled for the sizes at hand.
public struct PluginOwnKernels: CUDATactic {
  public let name = "cuda.plugin"
  let context: CUDAContext
  public var operators: [any Operator.Type] { [KernelPlugin.self] }

  public func supports(_ node: TacticNode) -> Support {
    for index in node.inputs.indices where node.input(index)?.shape == nil {
      return .no("the rank of input \(index) is unknown")
    }
    return .yes([.all(.rowMajor, node)])
  }

  func programs(_ node: ConcreteNode) throws -> [CUDAProgram] {
    guard let op = node.op as? KernelPlugin else { throw node.missing("a plugin") }
    let code = try op.code()
    let inputs = try code.description.inputs.indices.map { try node.input($0) }
    let types = try op.infer(node, inputs)
    var sizes = try code.symbols(op.fields, inputs.map { TensorType($0.dtype, Shape($0.shape)) })
      .compactMapValues(\.value)
    for (output, type) in zip(code.description.outputs, types) {
      sizes[output.countSymbol] = type.elementCount
    }
    let text = try source(
      code, op.fields, Array(zip(code.description.inputs + code.description.outputs, inputs + types)), sizes)
    var unread = 0
    for (index, type) in types.enumerated() where index >= node.outputs.count || node.outputs[index] == nil {
      unread += (type.byteCount + 255) / 256 * 256
    }
    let workspace = try size(code.description.workspace ?? 0, sizes, node, 0...(1 << 40))
    let places = operands(code, node, types, workspace)
    let launches = try code.description.launches.map { launch in
      CUDAProgram.Launch(
        spec: KernelSpec(
          source: KernelSource(generated: text, name: code.path, entry: launch.kernel),
          geometry: try geometry(launch, sizes, node),
          parameters: launch.operands.map { .operand($0) }),
        operands: places.filter { launch.operands.contains($0.key) })
    }
    for launch in launches { try compile(launch.spec.source, code) }
    return [
      CUDAProgram(
        "\(op.pluginIdentity.name)", launches, temporaryBytes: (workspace + 255) / 256 * 256 + unread)
    ]
  }

  /// Compiles a kernel; what is wrong with the file is the author's to mend, not ours.
  private func compile(_ source: KernelSource, _ code: KernelPluginCode) throws {
    do {
      _ = try context.image(source)
    } catch let error as ApusError where error.category == .internal {
      let said = error.problems.map(\.message).joined(separator: "; ")
      throw ApusError(
        .invalidInput,
        Problem(
          .pluginInvalid, said, file: code.path, operator: code.identity.name,
          fix: "correct the file; `Docs/Plugins.md` says what kernels see"))
    }
  }

  /// Where operands lie. Outputs that nobody reads are written to scratch memory, behind the workspace.
  private func operands(
    _ code: KernelPluginCode, _ node: ConcreteNode, _ types: [TensorDescriptor], _ workspace: Int
  ) -> [String: CUDAProgram.Operand] {
    var places: [String: CUDAProgram.Operand] = [KernelPluginDescription.workspaceName: .temporary(0)]
    for (index, input) in code.description.inputs.enumerated() { places[input.name] = .input(index) }
    var free = (workspace + 255) / 256 * 256
    for (index, output) in code.description.outputs.enumerated() {
      if index < node.outputs.count, node.outputs[index] != nil {
        places[output.name] = .output(index)
      } else {
        places[output.name] = .temporary(free)
        free += (types[index].byteCount + 255) / 256 * 256
      }
    }
    return places
  }

  private func size(_ dim: Dim, _ sizes: [String: Int], _ node: ConcreteNode, _ range: ClosedRange<Int>)
    throws
    -> Int
  {
    guard let value = dim.evaluate(sizes), range.contains(value) else {
      throw node.refusal(
        "the plugin asks for \(dim) = \(dim.evaluate(sizes).map(String.init) ?? "?"), allowed: \(range)")
    }
    return value
  }

  private func geometry(
    _ launch: KernelPluginDescription.Launch, _ sizes: [String: Int], _ node: ConcreteNode
  ) throws -> LaunchGeometry {
    let most = [Int(Int32.max), 65535, 65535]
    let grid = try launch.grid.enumerated().map { try size($1, sizes, node, 1...most[$0]) }
    let block = try launch.block.map { try size($0, sizes, node, 1...1024) }
    _ = try size(.constant(block.reduce(1, *)), sizes, node, 1...1024)
    let shared = try size(launch.shared ?? 0, sizes, node, 0...context.properties.sharedBytesPerBlock)
    func extents(_ list: [Int]) -> LaunchGeometry.Extents {
      .init(list[0], list.count > 1 ? list[1] : 1, list.count > 2 ? list[2] : 1)
    }
    // Such kernels do not know of launch dependencies: they start when their predecessor has ended.
    return LaunchGeometry(
      grid: extents(grid), block: extents(block), sharedBytes: shared, startsEarly: false)
  }

  /// The file behind macros for its sizes, types and fields.
  private func source(
    _ code: KernelPluginCode, _ fields: [LibraryPlugin.Field],
    _ operands: [(KernelPluginDescription.Operand, TensorDescriptor)], _ sizes: [String: Int]
  ) throws -> String {
    var macros = sizes.sorted { $0.key < $1.key }.map { KernelSource.Define($0.key, $0.value) }
    for (operand, type) in operands {
      macros.append(.init(operand.name.uppercased() + "_TYPE", KernelPluginCode.cType(of: type.dtype) ?? ""))
    }
    for field in fields {
      let name = field.name.uppercased()
      let elements =
        field.ints.map(String.init) + field.floats.map { KernelSource.Define("", $0).value }
        + field.strings.map { "\"\($0.replacing("\\", with: "\\\\").replacing("\"", with: "\\\""))\"" }
      macros.append(.init(name, elements.count == 1 ? elements[0] : "{\(elements.joined(separator: ", "))}"))
    }
    var seen: Set<String> = []
    let lines = macros.filter { seen.insert($0.name).inserted }.map { "#define \($0.name) \($0.value)\n" }
    // Macros come behind the header, which must not see them.
    return "#include \"common.cuh\"\n" + lines.joined() + "#line 1 \"\(code.path)\"\n" + code.text
  }
}

extension KernelPlugin {
  /// Types of all outputs, also of those that nobody reads.
  fileprivate func infer(_ node: ConcreteNode, _ inputs: [TensorDescriptor]) throws -> [TensorDescriptor] {
    let types = try infer(
      InferenceContext(inputs: inputs.map { .tensor(TensorType($0.dtype, Shape($0.shape))) }))
    return try types.map { type in
      guard let tensor = type.tensor, let shape = tensor.staticShape else {
        throw node.refusal("the plugin leaves a size of an output open")
      }
      return TensorDescriptor(tensor.dtype, shape)
    }
  }
}
