import Apus
import ArgumentParser

/// `apus compare A B`
struct Compare: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Compares the outputs of two models, engines or folders of saved outputs.",
    discussion: """
      Detections (outputs named boxes, scores, and classes or labels) are compared as sets: rows that match by class and
      overlap are held against each other, wherever they stand.

      Example:
        apus compare resnet50.onnx resnet50.engine --rtol 1e-3 --atol 1e-5
      """)

  @Argument(help: "The one to be trusted: model, engine or folder of saved outputs.") var expected: String
  @Argument(help: "The one to be checked.") var actual: String
  @Option(help: "Samples; generated without.") var data: String?
  @Option(help: "What is done to pictures.") var preprocess: String?
  @Option(help: "Input shape of generated data: NAME=1x3x224x224.") var shapes: [String] = []
  @Option(help: "Relative tolerance.") var rtol = 1e-3
  @Option(help: "Absolute tolerance.") var atol = 1e-5
  @Option(help: "Passes when the cosine is at least this, whatever the tolerances.") var cosine: Double?
  @Option(help: "Seed of generated data.") var seed: UInt64 = 0
  @Option(help: "Threads (0: one a processor).") var threads = 0
  @OptionGroup var plugins: PluginOptions
  @Flag(help: "Prints one JSON document.") var json = false
  @Flag(name: .shortAndLong, help: "Says more.") var verbose = false

  private struct Document: Encodable {
    var expected: String
    var actual: String
    var passed: Bool
    var samples: Int
    var outputs: [Comparison]
    /// Of detectors, whose rows are compared with those they match.
    var detections: DetectionAgreement?
    /// Where the two part ways, when they differ and both can show their inner tensors.
    var firstDifferingNode: FirstDifference?
  }

  func run() throws {
    try plugins.load()
    let (a, b) = (try OutputSource(expected, threads: threads), try OutputSource(actual, threads: threads))
    let source = try dataSource(a.inputs ?? b.inputs ?? [])
    var worst: [Comparison] = []
    var firstDifference: FirstDifference?
    var detections: DetectionAgreement?
    for index in 0..<source.count {
      let feeds = a.inputs == nil && b.inputs == nil ? [:] : try source.sample(index)
      let left = try a.outputs(feeds)
      var right = try b.outputs(feeds)
      if let aligned = DetectionAlignment(of: right.tensors, to: left.tensors) {
        right.tensors = aligned.tensors
        detections = (detections ?? DetectionAgreement()) + aligned.agreement
      }
      let names = left.order.filter { right.tensors[$0] != nil }
      guard !names.isEmpty else {
        throw ApusError(
          .usage,
          Problem(
            .unknownOutputName, "the two have no output in common",
            allowed: left.order.joined(separator: ", ")))
      }
      for name in names {
        guard let e = left.tensors[name], let c = right.tensors[name] else { continue }
        keepWorst(Comparison(name, actual: c, expected: e, rtol: rtol, atol: atol), &worst)
      }
      if firstDifference == nil, !isPassed(worst) { firstDifference = try difference(a, b, feeds) }
    }
    let passed = isPassed(worst)
    let document = Document(
      expected: expected, actual: actual, passed: passed, samples: source.count, outputs: worst,
      detections: detections, firstDifferingNode: firstDifference)
    if json { try Output.json(document) } else { show(document) }
    if !passed { throw ExitCode(1) }
  }

  private func isPassed(_ comparisons: [Comparison]) -> Bool {
    comparisons.allSatisfy { comparison in cosine.map { comparison.cosine >= $0 } ?? comparison.isWithin }
  }

  private func difference(_ a: OutputSource, _ b: OutputSource, _ feeds: [String: Tensor]) throws
    -> FirstDifference?
  {
    guard let trusted = try a.unfused(), let checked = b.executable else { return nil }
    return try FirstDifference.find(
      expected: trusted, actual: checked, feeds.mapValues(Value.tensor), rtol: rtol, atol: atol)
  }

  private func keepWorst(_ comparison: Comparison, _ worst: inout [Comparison]) {
    guard let index = worst.firstIndex(where: { $0.output == comparison.output }) else {
      return worst.append(comparison)
    }
    if comparison.maxRelative > worst[index].maxRelative { worst[index] = comparison }
  }

  private func dataSource(_ inputs: [DataSource.Input]) throws -> DataSource {
    if let data { return try DataArguments.open(data, inputs: inputs, preprocess: preprocess) }
    var symbols: [String: Int] = [:]
    for (name, shape) in try ShapeArguments.fixed(shapes) {
      guard let input = inputs.first(where: { $0.name == name }) else { continue }
      for (dim, size) in zip(input.type.shape ?? [], shape) {
        if let symbol = dim.symbolName { symbols[symbol] = size }
      }
    }
    return .generated(RandomData(seed: seed, symbols: symbols), inputs: inputs)
  }

  private func show(_ document: Document) {
    for output in document.outputs {
      Output.line(
        "\(output.output): largest difference \(output.maxAbs) (relative \(output.maxRelative)), cosine \(output.cosine)"
      )
      if let index = output.firstBadIndex {
        Output.line(
          "  first beyond the tolerance at \(index): expected \(output.firstBadExpected ?? .nan), got \(output.firstBadActual ?? .nan)"
        )
      }
    }
    if let detections = document.detections { Output.line("detections: \(detections.summary)") }
    if let first = document.firstDifferingNode {
      Output.line("first differing node: '\(first.node)' (\(first.operatorName)), \(first.tensor.output)")
    }
    Output.line(document.passed ? "equal within the tolerance" : "different")
  }
}
