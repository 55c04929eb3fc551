public import ApusCore
import ApusEngine
import ApusOperators
public import ApusTactics

/// One operator with its inputs, for comparing every tactic in every layout with the reference.
public struct NodeCase: Sendable {
  public enum Input: Sendable {
    /// Fed at run time with random elements; nil: the batch, a symbol.
    case fed(DType, [Int?])
    case constant(Tensor)
    case absent
  }

  public var op: any Operator
  public var inputs: [Input]
  public var outputs: Int
  public var batches: [Int]
  /// Greatest error, relative to the largest magnitude of the reference (at least 1); nil: by element type.
  public var tolerance: Double?
  /// How often each runs: devices replay what they have recorded in the first.
  public var runs = 1

  public init(
    _ op: any Operator, _ inputs: [Input], outputs: Int = 1, batches: [Int] = [1, 3], tolerance: Double? = nil
  ) {
    self.op = op
    self.inputs = inputs
    self.outputs = outputs
    self.batches = batches
    self.tolerance = tolerance
  }

  /// What went wrong, and which tactics ran, `name/layout of the first input`.
  public struct Report: Sendable {
    public var tactics: Set<String> = []
    public var failures: [String] = []
  }

  /// Runs each tactic of `set` that supports the node, in each of its layouts, for every batch.
  public func compare(_ set: TacticSet, threads: Int = 2, seed: UInt64 = 1) throws -> Report {
    var report = Report()
    let graph = try graph()
    guard let node = graph.allNodes.first else { return report }
    let edges = set.tactics(for: LayoutReorder()) + set.tactics(for: DeviceCopy(to: set.place))
    let sizes = batches.map { ["batch": $0] }
    for tactic in set.tactics(for: op) {
      guard case .yes(let signatures) = tactic.supports(TacticNode(node, in: graph)) else { continue }
      for signature in signatures {
        let layout = signature.inputs.first.flatMap { $0 }?.rawValue ?? "-"
        let pinned = TacticSet(
          target: set.target, runtime: set.runtime,
          tactics: [Pinned(tactic: tactic, signature: signature)] + edges)
        let pool = ConstantPool(section: "packed.0")
        let result = try Lowering.lower(
          graph, tactics: pinned, constants: pool, chooser: FirstTactic(), sizes: sizes)
        guard let name = result.notes.first?.tactic, name != "reference" else {
          report.failures.append("\(tactic.name)/\(layout): not chosen: \(result.notes)")
          continue
        }
        // That of a library where the tactic gives way to one.
        let label = "\(name)/\(layout)"
        report.tactics.insert(label)
        let session = Session(
          try ExecutablePlan(result.plan, constants: pool, runtimes: [set.runtime], catalogue: .standard),
          options: SessionOptions(threads: threads))
        for batch in batches {
          report.failures += try run(session, batch, seed).map { "\(label), batch \(batch): \($0)" }
        }
      }
    }
    return report
  }

  private func graph() throws -> Graph {
    var graph = Graph(name: "case")
    let values = inputs.enumerated().map { index, input -> ValueID? in
      switch input {
      case .absent: nil
      case .constant(let tensor): graph.addConstant(tensor, name: "c\(index)")
      case .fed(let dtype, let shape):
        graph.addInput(
          "x\(index)", .tensor(dtype, shape.map { $0.map { .constant($0) } ?? .symbol("batch") }))
      }
    }
    let node = graph.addNode(op, values, outputs: (0..<outputs).map { "y\($0)" })
    if let problem = graph.inferTypes().first { throw ApusError(.internal, problem) }
    graph.setOutputs(graph[node].outputs.compactMap { $0 })
    return graph
  }

  private func run(_ session: Session, _ batch: Int, _ seed: UInt64) throws -> [String] {
    var generator = Xoshiro256(seed: seed &+ UInt64(batch))
    var (fed, operands): ([String: Tensor], [Tensor?]) = ([:], [])
    for (index, input) in inputs.enumerated() {
      switch input {
      case .absent: operands.append(nil)
      case .constant(let tensor): operands.append(tensor)
      case .fed(let dtype, let shape):
        let tensor = Tensor.random(dtype, shape.map { $0 ?? batch }, using: &generator)
        operands.append(tensor)
        fed["x\(index)"] = tensor
      }
    }
    let expected = try op.evaluate(Operands(operands, outputCount: outputs)).map(\.tensor)
    var results = try session.run(fed)
    for _ in 1..<max(runs, 1) { results = try session.run(fed) }
    return (0..<outputs).compactMap { index in
      guard let want = expected[index] else { return nil }
      guard let got = results["y\(index)"] else { return "output \(index) is missing" }
      return difference(got, want).map { "output \(index): \($0)" }
    }
  }

  /// What differs, or nil.
  private func difference(_ got: Tensor, _ want: Tensor) -> String? {
    guard got.dtype == want.dtype, got.shape == want.shape else {
      return "\(got.type) instead of \(want.type)"
    }
    let (a, b) = (got.doubles(), want.doubles())
    let scale = b.reduce(1) { $1.isFinite ? max($0, $1.magnitude) : $0 }
    let limit = scale * (tolerance ?? (want.dtype == .bf16 ? 1.6e-2 : want.dtype.isFloat ? 2e-5 : 0))
    var worst = (error: 0.0, index: -1)
    for index in a.indices where a[index] != b[index] && !(a[index].isNaN && b[index].isNaN) {
      let error = (a[index] - b[index]).magnitude
      if !(error <= worst.error) { worst = (error.isNaN ? .infinity : error, index) }
    }
    guard worst.error > limit else { return nil }
    return "\(a[worst.index]) instead of \(b[worst.index]) at element \(worst.index) of \(want.type)"
  }
}

/// A tactic restricted to one of its layouts.
private struct Pinned: Tactic {
  let tactic: any Tactic
  let signature: LayoutSignature
  var name: String { tactic.name }
  var operators: [any Operator.Type] { tactic.operators }

  func supports(_ node: TacticNode) -> Support { .yes([signature]) }

  func build(_ node: TacticNode, layouts: LayoutSignature, constants: ConstantPool) throws -> BuiltKernel {
    try tactic.build(node, layouts: layouts, constants: constants)
  }
}

extension NodeCase.Input {
  /// A random constant, scaled.
  public static func random(_ dtype: DType, _ shape: [Int], scale: Double = 1, seed: UInt64 = 7) -> Self {
    var generator = Xoshiro256(seed: seed &+ UInt64(shape.count))
    let tensor = Tensor.random(.f64, shape, using: &generator)
    return .constant(Tensor(doubles: tensor.doubles().map { $0 * scale }, dtype, shape))
  }
}
