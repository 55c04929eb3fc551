import ApusCore

/// What all graphs of one model share while they are imported.
final class ModelImport {
  let table: ImporterTable
  let tensors: TensorDecoder
  let functions: [FunctionKey: Onnx_FunctionProto]
  let symbols: SymbolSource
  let file: String?
  private(set) var problems: [Problem] = []

  struct FunctionKey: Hashable {
    let domain: String
    let name: String
    let overload: String

    init(_ function: Onnx_FunctionProto) {
      domain = ImporterTable.normalized(function.domain)
      name = function.name
      overload = function.overload
    }

    init(_ node: Onnx_NodeProto) {
      domain = ImporterTable.normalized(node.domain)
      name = node.opType
      overload = node.overload
    }
  }

  init(_ proto: Onnx_ModelProto, table: ImporterTable, tensors: TensorDecoder, file: String?) {
    self.table = table
    self.tensors = tensors
    self.file = file
    functions = Dictionary(proto.functions.map { (FunctionKey($0), $0) }) { first, _ in first }
    let taken = Self.symbolNames(proto.graph)
    symbols = SymbolSource { taken.contains($0) }
  }

  func report(_ problem: Problem) {
    var problem = problem
    if problem.file == nil { problem.file = file }
    if !problems.contains(problem) { problems.append(problem) }
  }

  /// Symbols that the graph's inputs and the inputs of its bodies name.
  static func symbolNames(_ graph: Onnx_GraphProto) -> Set<String> {
    var names: Set<String> = []
    for input in graph.input {
      for dim in input.type.tensorType.shape.dim where dim.hasDimParam { names.insert(dim.dimParam) }
    }
    for node in graph.node where !node.attribute.isEmpty {
      for body in FreeNames.bodies(of: node) { names.formUnion(symbolNames(body)) }
    }
    return names
  }
}

extension Onnx_TensorShapeProto.Dimension {
  var hasDimParam: Bool {
    if case .dimParam = value { return true }
    return false
  }
}
