import Apus
import ApusONNX
import ArgumentParser

/// What all subcommands of `apus surgeon` take: where the result goes and how it is checked.
struct SurgeonOptions: ParsableArguments {
  @Argument(help: "ONNX model.") var model: String
  @Option(name: .shortAndLong, help: "Model to write.") var output: String
  @Option(
    name: .customLong("external-data"), help: "Writes weights into this file beside the model, not into it.")
  var externalData: String?
  @Flag(name: .customLong("no-check"), help: "Does not run the two models against each other.")
  var noCheck = false
  @Option(help: "Input shape for the check: NAME=1x3x224x224.") var shapes: [String] = []
  @Option(help: "Relative tolerance of the check.") var rtol = 1e-3
  @Option(help: "Absolute tolerance of the check.") var atol = 1e-5
  @Option(help: "Seed of the check's inputs.") var seed: UInt64 = 0
  @OptionGroup var plugins: PluginOptions
  @Flag(help: "Prints one JSON document.") var json = false
  @Flag(name: .shortAndLong, help: "Says more.") var verbose = false

  /// The model to edit, once the plugins it may name are there.
  func loadModel() throws -> EditableModel {
    try plugins.load()
    return try EditableModel.load(path: model)
  }

  private struct Document: Encodable {
    var model: String
    var output: String
    var operation: String
    var nodesBefore: Int
    var nodesAfter: Int
    var passed: Bool?
    var outputs: [Comparison]
  }

  /// Checks the edited model, writes it, and says what changed. Exit 1 when the outputs differ; the model is then not
  /// written.
  ///
  /// `comparable`: whether the edited model has the outputs of the original.
  func finish(
    _ operation: String, _ original: EditableModel, _ edited: EditableModel, comparable: Bool = true
  ) throws {
    var document = Document(
      model: model, output: output, operation: operation, nodesBefore: original.nodes.count,
      nodesAfter: edited.nodes.count, outputs: [])
    if comparable && !noCheck {
      document.outputs = try check(original).comparisons(original, edited)
      document.passed = document.outputs.allSatisfy(\.isWithin)
    }
    if document.passed != false {
      try edited.save(
        to: output, weights: externalData.map { .external(file: $0) } ?? .embedded)
    }
    if json { try Output.json(document) } else { show(document) }
    if document.passed == false { throw ExitCode(1) }
  }

  private func check(_ original: EditableModel) throws -> EditCheck {
    var check = EditCheck(ModelRun(tactics: try Device.cpu.tactics()))
    (check.seed, check.rtol, check.atol) = (seed, rtol, atol)
    for (name, shape) in try ShapeArguments.fixed(shapes) {
      guard original.inputNames.contains(name) else {
        throw ApusError(
          .usage,
          Problem(
            .unknownInputName, "'\(name)' is no input of the model", value: name,
            allowed: original.inputNames.joined(separator: ", ")))
      }
      for (dim, size) in zip(original.declaredType(of: name)?.tensor?.shape ?? [], shape) {
        if let symbol = dim.symbolName { check.symbols[symbol] = size }
      }
    }
    return check
  }

  private func show(_ document: Document) {
    let nodes = "\(document.nodesBefore) -> \(document.nodesAfter) nodes"
    guard let passed = document.passed else { return Output.line("\(output): \(nodes), not compared") }
    for comparison in document.outputs where verbose || !comparison.isWithin {
      Output.line("\(comparison.output): largest difference \(comparison.maxAbs)")
    }
    Output.line(
      passed
        ? "\(output): \(nodes), same outputs on random inputs"
        : "not written: the outputs differ from those of \(model)")
  }
}
