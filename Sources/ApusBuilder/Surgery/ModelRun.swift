public import ApusCore
public import ApusONNX
public import ApusOperators
public import ApusTactics
import ApusEngine
import ApusOptimizer
import ApusVision

/// Runs an ONNX model as it stands, node by node without optimizing (constants are computed first): what edited and optimized models are held against.
public struct ModelRun: Sendable {
  public var tactics: TacticSet
  /// Evaluates the operators' references instead of the device's kernels.
  public var usesReferences = false
  public var threads = 0
  let catalogue: OperatorCatalogue

  public init(tactics: TacticSet, catalogue: OperatorCatalogue = .withPlugins) {
    self.tactics = tactics
    self.catalogue = catalogue
  }

  /// Outputs by name. Throws every problem of the model, or why it does not run.
  public func outputs(of model: EditableModel, _ inputs: [String: Value]) throws -> [String: Value] {
    var graph = try model.onnxModel().importGraph(
      catalogue: catalogue, options: ImportOptions(plugins: .shared)
    ).graph
    let inputs = inputs.filter { name, _ in graph.inputs.contains { graph[$0].name == name } }
    if usesReferences { return try GraphInterpreter(graph).run(inputs) }
    // Kernels want constant weights, and many files keep them behind a Cast.
    _ = try FoldConstants().run(&graph, PassContext())
    let lowered = try LoweredPlan(graph, tactics: tactics, catalogue: catalogue)
    return try Session(lowered.executable, options: SessionOptions(threads: threads)).run(values: inputs)
  }

  /// Values of inner tensors of the main graph, by name.
  public func values(
    _ names: [String], in model: EditableModel, _ inputs: [String: Value]
  ) throws -> [String: Value] {
    let defaults = Set(model.initializerNames)
    let part = try model.extracted(
      inputs: model.inputNames.filter { !defaults.contains($0) }, outputs: names)
    return try outputs(of: part, inputs)
  }

  /// Random inputs: integers that index a table stay inside it; symbols without a size are 1.
  public func randomInputs(of model: EditableModel, seed: UInt64, symbols: [String: Int] = [:]) throws
    -> [String: Value]
  {
    let graph = try model.onnxModel().importGraph(
      catalogue: catalogue, options: ImportOptions(plugins: .shared)
    ).graph
    let random = RandomData(seed: seed, ranges: graph.indexRanges(), symbols: symbols)
    let inputs = graph.inputs.compactMap { id in
      graph[id].type.tensor.map { DataSource.Input(name: graph[id].name, type: $0) }
    }
    return try DataSource.generated(random, inputs: inputs).sample(0).mapValues(Value.tensor)
  }
}
