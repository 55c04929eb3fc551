import ApusCore

/// The inputs of the main graph: those that are not initializers, some of them with shapes that the caller fixes.
struct GraphInputs {
  /// Sizes of symbols that follow from fixed shapes.
  private(set) var sizes: [String: Int] = [:]
  private let inputs: [Onnx_ValueInfoProto]
  private let fixed: [String: [Int]]
  private let taken: Set<String>
  private var problems: [Problem] = []

  init(_ graph: Onnx_GraphProto, fixed: [String: [Int]]) {
    let initializers = Set(graph.initializer.map(\.name) + graph.sparseInitializer.map(\.values.name))
    inputs = graph.input.filter { !initializers.contains($0.name) }
    self.fixed = fixed
    taken = ModelImport.symbolNames(graph)
    for (name, shape) in fixed.sorted(by: { $0.key < $1.key }) { fix(name, shape) }
    // Shapes that do not fit must not bring up problems elsewhere.
    if !problems.isEmpty { sizes = [:] }
  }

  /// Adds the inputs; a dimension without a size or name is called after the input.
  func add(to builder: GraphBuilder) {
    problems.forEach { builder.model.report($0) }
    let types = DeclaredTypes(sizes: sizes) { [taken] name, axis in
      var symbol = "\(name)_\(axis)"
      while taken.contains(symbol) { symbol += "_" }
      return .symbol(symbol)
    }
    for input in inputs {
      do throws(TensorFault) {
        guard let declared = try types.type(input.type, of: input.name) else {
          throw TensorFault(
            .invalidGraph, "graph input '\(input.name)' has no type", value: input.name,
            fix: "declare its element type")
        }
        var type = declared
        if problems.isEmpty, let shape = fixed[input.name], let tensor = declared.tensor {
          type = .tensor(tensor.dtype, Shape(shape))
        }
        builder.bind(input.name, to: builder.scope.graph.addInput(input.name, type))
      } catch {
        builder.names[input.name] = .failed
        builder.model.report(error.problem(tensor: ""))
      }
    }
  }

  /// Compares a fixed shape with the declared one and learns the sizes of its symbols.
  private mutating func fix(_ name: String, _ shape: [Int]) {
    guard let input = inputs.first(where: { $0.name == name }) else {
      problems.append(
        Problem(
          .unknownInputName, "a shape is given for '\(name)', which is no input of the model", value: name,
          allowed: inputs.map(\.name).joined(separator: ", "), fix: "correct the name"))
      return
    }
    let declared = input.type.tensorType.shape.dim
    let text = shape.map(String.init).joined(separator: "x")
    guard case .tensorType(let tensor) = input.type.value,
      !tensor.hasShape || declared.count == shape.count, shape.allSatisfy({ $0 >= 0 })
    else {
      problems.append(
        Problem(
          .inputShape, "input '\(name)' cannot have the shape that is given for it", value: text,
          allowed: "\(declared.count) dimensions"))
      return
    }
    for (dim, size) in zip(declared, shape) {
      switch dim.value {
      case .dimValue(let wanted) where wanted >= 0 && wanted != Int64(size):
        problems.append(
          Problem(
            .inputShape, "input '\(name)' has a fixed size of its own", value: text, allowed: "\(wanted)",
            fix: "export the model with a dynamic size there"))
      case .dimParam(let symbol) where !symbol.isEmpty && symbol != "?":
        if let other = sizes.updateValue(size, forKey: symbol), other != size {
          problems.append(
            Problem(
              .inputShape, "'\(symbol)' is given two sizes", value: text, allowed: "\(other)",
              fix: "inputs that share a symbol must agree"))
        }
      default: break
      }
    }
  }
}
