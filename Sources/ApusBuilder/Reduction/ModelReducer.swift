public import ApusCore
public import ApusONNX

/// Finds the smallest part of a failing model that still fails the same way (delta debugging on a graph).
///
/// First the end is moved forward: the shortest prefix of the nodes that fails. Then the beginning: inner tensors,
/// with the values that they have in the whole model, become inputs. Last, every remaining node is tried alone.
public struct ModelReducer {
  /// A failing part with the data that makes it fail.
  public struct Reduced: Sendable {
    public var model: EditableModel
    public var inputs: [String: Value]
    public var failure: ModelFailure
  }

  private let check: any FailureCheck
  private let run: ModelRun
  private let progress: (String) -> Void
  private var original: EditableModel
  private let inputs: [String: Value]
  /// Values of inner tensors computed so far; nil for those that cannot be computed.
  private var known: [String: Value?] = [:]

  /// - Parameters:
  ///   - inputs: Values of the model's inputs by name.
  ///   - run: Computes inner tensors where the part begins behind the model's inputs.
  ///   - progress: Is told of every smaller part that fails.
  public init(
    _ model: EditableModel, inputs: [String: Value], check: any FailureCheck, run: ModelRun,
    progress: @escaping (String) -> Void = { _ in }
  ) {
    original = model
    self.inputs = inputs
    self.check = check
    self.run = run
    self.progress = progress
  }

  /// nil when the whole model does not fail. Throws when the model has a cycle, or the check cannot be made.
  public mutating func reduce() throws -> Reduced? {
    original.removeUnused()
    try original.sort()
    guard let failure = try check.failure(of: original, inputs) else { return nil }
    var best = Reduced(model: original, inputs: inputs, failure: failure)
    try moveEnd(&best)
    try moveBeginning(&best)
    try dropNodes(&best)
    return best
  }

  /// Whether a part fails as the whole does; it becomes the best when it does.
  private func stillFails(
    _ part: EditableModel, _ feeds: [String: Value], _ best: inout Reduced
  ) throws -> Bool {
    guard let failure = try check.failure(of: part, feeds), failure.kind == best.failure.kind else {
      return false
    }
    best = Reduced(model: part, inputs: feeds, failure: failure)
    progress("\(part.nodes.count) nodes still fail")
    return true
  }

  private func feeds(_ part: EditableModel, _ values: [String: Value]) -> [String: Value] {
    values.filter { part.inputNames.contains($0.key) }
  }

  private mutating func moveEnd(_ best: inout Reduced) throws {
    var (passing, failing) = (0, original.nodes.count)
    while failing - passing > 1 {
      let middle = (passing + failing) / 2
      if try prefixFails(middle, &best) { failing = middle } else { passing = middle }
    }
    // The last node alone, and each of its outputs, when they are enough.
    guard let last = best.model.nodes.last else { return }
    let outputs = last.outputs.filter { !$0.isEmpty }
    for names in [outputs] + outputs.map({ [$0] }) where best.model.outputNames != names {
      guard let part = cut(best.model, inputs: usedInputs, outputs: names) else { continue }
      _ = try stillFails(part, feeds(part, inputs), &best)
    }
  }

  private var usedInputs: [String] {
    let defaults = Set(original.initializerNames)
    return original.inputNames.filter { !defaults.contains($0) }
  }

  /// The first `count` nodes, with everything that is read behind them as outputs.
  private func prefixFails(_ count: Int, _ best: inout Reduced) throws -> Bool {
    let nodes = original.nodes
    let produced = nodes[..<count].flatMap(\.outputs).filter { !$0.isEmpty }
    let read = Set(nodes[count...].flatMap(\.reads) + original.outputNames)
    let ends = produced.filter { read.contains($0) }
    guard !ends.isEmpty, let part = cut(original, inputs: usedInputs, outputs: ends) else { return false }
    return try stillFails(part, feeds(part, inputs), &best)
  }

  /// A part whose inputs are only those that its nodes read.
  private func cut(_ model: EditableModel, inputs: [String], outputs: [String]) -> EditableModel? {
    guard var part = try? model.extracted(inputs: inputs, outputs: outputs) else { return nil }
    let read = Set(part.nodes.flatMap(\.reads) + outputs)
    for name in part.inputNames where !read.contains(name) { part.removeInput(name) }
    return part
  }

  private mutating func moveBeginning(_ best: inout Reduced) throws {
    let nodes = best.model.nodes
    let (outputs, whole) = (best.model.outputNames, best.model)
    var (failing, passing) = (0, nodes.count)
    while passing - failing > 1 {
      let middle = (failing + passing) / 2
      let produced = Set(nodes[..<middle].flatMap(\.outputs))
      if try suffixFails(whole, cutting: produced, outputs, &best) {
        failing = middle
      } else {
        passing = middle
      }
    }
  }

  private mutating func dropNodes(_ best: inout Reduced) throws {
    let names = best.model.nodes.dropLast().map(\.outputs)
    for outputs in names.prefix(256) {
      let (ends, whole) = (best.model.outputNames, best.model)
      _ = try suffixFails(whole, cutting: Set(outputs), ends, &best)
    }
  }

  /// The part with the given inner tensors as inputs, fed with what they are in the whole model.
  private mutating func suffixFails(
    _ model: EditableModel, cutting produced: Set<String>, _ outputs: [String], _ best: inout Reduced
  ) throws -> Bool {
    let candidates = produced.subtracting(outputs).subtracting([""])
    let defaults = Set(model.initializerNames)
    let inputs = model.inputNames.filter { !defaults.contains($0) } + candidates.sorted()
    guard let rough = cut(model, inputs: inputs, outputs: outputs) else { return false }
    let cuts = rough.inputNames.filter { candidates.contains($0) }
    guard !cuts.isEmpty, let values = values(cuts) else { return false }
    guard var part = cut(model, inputs: rough.inputNames, outputs: outputs) else { return false }
    for name in cuts { if let value = values[name] { part.addInput(name, type: value.type) } }
    return try stillFails(part, feeds(part, best.inputs.merging(values) { _, new in new }), &best)
  }

  /// Values of inner tensors of the whole model; nil when one cannot be computed.
  private mutating func values(_ names: [String]) -> [String: Value]? {
    let missing = names.filter { known[$0] == nil }
    if !missing.isEmpty {
      let computed = try? run.values(missing, in: original, inputs)
      for name in missing { known[name] = .some(computed?[name]) }
    }
    var values: [String: Value] = [:]
    for name in names {
      guard let value = known[name] ?? nil else { return nil }
      values[name] = value
    }
    return values
  }
}
