public import ApusCore
import ApusONNX
public import ApusOperators

/// A model file, imported: the graph and what the file says about itself.
public struct SourceModel: Sendable {
  public var graph: Graph
  public var path: String
  /// `onnx`, or `network` for one made by a program.
  public var format: String
  public var producer: String
  public var opsets: [String: Int]
  /// XXH3-128 of the model file, in hexadecimal.
  public var digest: String
  public var weightBytes: Int

  /// Reads a model by the name and contents of its file. `randomWeights` is the seed of weights that the file leaves
  /// out; nil: a model without its weights is an error.
  public init(
    contentsOf path: String, catalogue: OperatorCatalogue = .withPlugins, randomWeights: UInt64? = nil
  ) throws {
    let file = try MappedFile(path: path)
    digest = withExtendedLifetime(file) { XXH3.hash128(file.bytes).hex }
    let imported = try ONNXModel.load(path: path).importGraph(
      catalogue: catalogue, options: ImportOptions(plugins: .shared, randomWeights: randomWeights))
    graph = imported.graph
    self.path = path
    format = "onnx"
    producer = [imported.metadata.producerName, imported.metadata.producerVersion].filter { !$0.isEmpty }
      .joined(separator: " ")
    opsets = imported.metadata.opsets
    weightBytes = graph.allValues.reduce(0) { $0 + ($1.constant?.byteCount ?? 0) }
  }

  /// A graph made by a program; it is known by its name.
  public init(_ graph: Graph) {
    self.graph = graph
    path = graph.name
    format = "network"
    producer = "Apus"
    opsets = [:]
    digest = Array(graph.description.utf8).withUnsafeBytes { XXH3.hash128($0).hex }
    weightBytes = graph.allValues.reduce(0) { $0 + ($1.constant?.byteCount ?? 0) }
  }

  /// Name of the file without its folder.
  public var fileName: String { path.split(separator: "/").last.map(String.init) ?? path }

  /// Gives up the memory of weights that lie in mapped files, until they are read again.
  func releasePages() {
    var seen: Set<ObjectIdentifier> = []
    for case let storage? in graph.allValues.map({ $0.constant?.storage })
    where seen.insert(ObjectIdentifier(storage)).inserted { storage.releasePages() }
  }

  /// Makes inputs static; every later shape follows.
  public mutating func fixShapes(_ shapes: [String: [Int]]) throws {
    guard !shapes.isEmpty else { return }
    var problems: [Problem] = []
    var symbols: [String: Int] = [:]
    for (name, shape) in shapes.sorted(by: { $0.key < $1.key }) {
      guard let id = graph.inputs.first(where: { graph[$0].name == name }), let type = graph[id].type.tensor
      else {
        let names = graph.inputs.map { graph[$0].name }.joined(separator: ", ")
        problems.append(Problem(.unknownInputName, "'\(name)' is no input", value: name, allowed: names))
        continue
      }
      guard type.shape.map({ $0.count == shape.count }) ?? true else {
        problems.append(
          Problem(
            .inputShape, "input '\(name)' has another rank", value: "\(shape)", allowed: type.description))
        continue
      }
      for (dim, size) in zip(type.shape ?? [], shape) {
        if let symbol = dim.symbolName {
          symbols[symbol] = size
        } else if let fixed = dim.value, fixed != size {
          problems.append(
            Problem(
              .inputShape, "input '\(name)' is fixed to another size", value: "\(shape)",
              allowed: type.description))
        }
      }
      graph.setType(of: id, to: .tensor(type.dtype, Shape(shape)))
    }
    if !problems.isEmpty { throw ApusError(.usage, problems) }
    for id in graph.inputs {
      guard let type = graph[id].type.tensor, let shape = type.shape else { continue }
      let bound = shape.map { $0.substituting { symbols[$0].map { .constant($0) } } }
      graph.setType(of: id, to: .tensor(type.dtype, bound))
    }
    problems = graph.inferTypes()
    if !problems.isEmpty { throw ApusError(.invalidInput, problems) }
  }
}
