import ApusCore

/// What all graphs of one model share while they are imported.
final class ModelImport {
  let table: ImporterTable
  let tensors: TensorDecoder
  let functions: [FunctionKey: Onnx_FunctionProto]
  let symbols: SymbolSource
  /// Sizes that the caller fixes symbols at.
  let sizes: [String: Int]
  private(set) var problems: [Problem] = []
  private var addedNodes = 0

  /// Nodes that one model may come to; functions that call functions could make any number of a small file.
  static let nodeLimit = 1_000_000

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

  init(_ proto: Onnx_ModelProto, table: ImporterTable, tensors: TensorDecoder, sizes: [String: Int] = [:]) {
    self.table = table
    self.tensors = tensors
    self.sizes = sizes
    functions = Dictionary(proto.functions.map { (FunctionKey($0), $0) }) { first, _ in first }
    let taken = Self.symbolNames(proto.graph)
    symbols = SymbolSource { taken.contains($0) }
  }

  /// Takes over what the validator found.
  func add(_ found: [Problem]) { problems += found }

  /// Records a problem that the validator has not reported already, under the same name or, where it speaks of a whole
  /// function at once, at all.
  func report(_ problem: Problem) {
    let isKnown = problems.contains { known in
      guard known.id == problem.id else { return false }
      if problem.id == .undefinedValue || problem.id == .unsupportedOperator { return true }
      guard known.node == problem.node, known.attribute == problem.attribute else { return false }
      return problem.id == .invalidAttribute || known.value == problem.value
    }
    if !isKnown { problems.append(problem) }
  }

  /// Counts a node; false when the model comes to too many.
  func countNode() -> Bool {
    addedNodes += 1
    if addedNodes == Self.nodeLimit {
      report(
        Problem(
          .invalidGraph, "the model comes to too many nodes", value: "\(addedNodes)",
          fix: "call functions less deeply"))
    }
    return addedNodes < Self.nodeLimit
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
