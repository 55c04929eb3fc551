public import ApusCore
public import ApusONNX
public import ApusOperators
import ApusTactics
import ApusEngine
import ApusOptimizer

/// Tells whether a model fails on given inputs.
public protocol FailureCheck: Sendable {
  /// nil when all is well.
  func failure(of model: EditableModel, _ inputs: [String: Value]) throws -> ModelFailure?
}

/// Fails where a model does not import, optimize or run, or where the optimized model differs from the model as it is.
public struct OptimizedModelCheck: FailureCheck {
  public var run: ModelRun
  public var rtol = 1e-3
  public var atol = 1e-5
  let catalogue: OperatorCatalogue

  public init(_ run: ModelRun, catalogue: OperatorCatalogue = .withPlugins) {
    self.run = run
    self.catalogue = catalogue
  }

  public func failure(of model: EditableModel, _ inputs: [String: Value]) -> ModelFailure? {
    do {
      let expected = try run.outputs(of: model, inputs)
      let actual = try optimizedOutputs(of: model, inputs)
      for (name, value) in expected.sorted(by: { $0.key < $1.key }) {
        guard let found = actual[name] else {
          return ModelFailure(kind: "outputs differ", message: "output '\(name)' is missing")
        }
        if let difference = ValueDifference.find(found, value, rtol: rtol, atol: atol) {
          return ModelFailure(kind: "outputs differ", message: "output '\(name)': \(difference)")
        }
      }
      return nil
    } catch let error as ApusError {
      let first = error.problems.first
      return ModelFailure(
        kind: first?.id.code ?? error.category.rawValue, message: first.map { "\($0)" } ?? "\(error)")
    } catch {
      return ModelFailure(kind: "error", message: "\(error)")
    }
  }

  private func optimizedOutputs(of model: EditableModel, _ inputs: [String: Value]) throws -> [String: Value]
  {
    var graph = try model.onnxModel().importGraph(
      catalogue: catalogue, options: ImportOptions(plugins: .shared)
    ).graph
    _ = try Pipeline.standard.run(&graph, PassContext())
    _ = try Pipeline.device(TacticKernels(run.tactics)).run(&graph, PassContext())
    let lowered = try LoweredPlan(graph, tactics: run.tactics, catalogue: catalogue)
    let session = Session(lowered.executable, options: SessionOptions(threads: run.threads))
    return try session.run(values: inputs.filter { session.inputNames.contains($0.key) })
  }
}
