public import ApusCore
public import ApusOperators
public import ApusTactics
import ApusEngine
import ApusONNX
import ApusOptimizer
import Synchronization

/// How devices run each operator, found by lowering conformance cases of a single node the way models are lowered.
public struct OperatorSurvey: Sendable {
  /// A device at a precision: one column of the table.
  public struct Column: Sendable {
    public var name: String
    public var tactics: TacticSet
    /// What `--precision` asks for; nil: exact FP32.
    public var precision: DType?

    public init(_ name: String, _ tactics: TacticSet, precision: DType? = nil) {
      self.name = name
      self.tactics = tactics
      self.precision = precision
    }
  }

  /// How a case runs, the best first.
  public enum Way: String, Sendable, Hashable, CaseIterable {
    /// Nothing is left to run: the result is known, or is the input under another shape.
    case free
    /// A kernel on the GPU, with elements in the column's precision.
    case reducedGPU
    /// A kernel on the GPU.
    case gpu = "GPU"
    /// A kernel on the CPU, with elements in the column's precision.
    case reducedCPU
    /// A kernel on the CPU.
    case cpu = "CPU"
    /// Several steps, of which some run by references.
    case mixed
    /// The operator's reference on the CPU.
    case reference
    /// The case is not imported.
    case unsupported = "–"
  }

  /// Domain and name of an operator.
  public struct Key: Hashable, Sendable, Comparable {
    public var domain: String
    public var opType: String

    public static func < (a: Key, b: Key) -> Bool { (a.domain, a.opType) < (b.domain, b.opType) }
  }

  public let columns: [Column]
  private let catalogue: OperatorCatalogue

  public init(_ columns: [Column], catalogue: OperatorCatalogue = .withPlugins) {
    self.columns = columns
    self.catalogue = catalogue
  }

  /// What a survey finds.
  public struct Findings: Sendable {
    /// For each operator, and each column, how often the cases that consist of it run in which way.
    public var ways: [Key: [[Way: Int]]] = [:]
    /// For each column of exact FP32, how often a case of any number of nodes runs in which way, the least of its steps
    /// deciding.
    public var shares: [[Way: Int]]
    /// For each of these columns, the cases of which a step runs on the CPU or by a reference.
    public var hosted: [[String]]
  }

  public func run(_ cases: [ConformanceCase], threads: Int) -> Findings {
    let empty = Findings(shares: columns.map { _ in [:] }, hosted: columns.map { _ in [] })
    let found = Mutex(empty)
    ThreadPool(threads: threads).run(cases.count) { index in
      guard let (key, ways) = survey(cases[index]) else { return }
      found.withLock { findings in
        for (column, way) in ways.enumerated() {
          guard let way else { continue }
          if let key { findings.ways[key, default: empty.shares][column][way, default: 0] += 1 }
          guard columns[column].precision == nil else { continue }
          findings.shares[column][way, default: 0] += 1
          if [.cpu, .mixed, .reference].contains(way) { findings.hosted[column].append(cases[index].name) }
        }
      }
    }
    return found.withLock { findings in
      for column in findings.hosted.indices { findings.hosted[column].sort() }
      return findings
    }
  }

  /// The key is nil for cases of several nodes, which say nothing about one operator; they are looked at in exact FP32
  /// only.
  private func survey(_ test: ConformanceCase) -> (Key?, [Way?])? {
    guard let model = try? ONNXModel.load(path: test.model) else { return nil }
    let nodes = model.mainOperators
    let key = nodes.count == 1 ? Key(domain: nodes[0].domain, opType: nodes[0].opType) : nil
    let options = ImportOptions(plugins: .shared)
    guard let graph = try? model.importGraph(catalogue: catalogue, options: options).graph else {
      return (key, columns.map { _ in .unsupported })
    }
    // Weights, axes and the like are constants in models; the cases give them at run time.
    let inputs = try? test.samples(for: graph).first?.inputs
    let graphs =
      [graph] + [inputs.flatMap { ConformanceCase.withConstants(graph, $0) }?.graph].compactMap { $0 }
    return (
      key,
      columns.map { column in
        guard key != nil || column.precision == nil else { return nil }
        return best(graphs.map { (try? way(of: $0, key, column)) ?? .unsupported })
      }
    )
  }

  private func best(_ ways: [Way]) -> Way { Way.allCases.first(where: ways.contains) ?? .unsupported }

  private func way(of graph: Graph, _ key: Key?, _ column: Column) throws -> Way {
    var graph = graph
    _ = try Pipeline.standard.run(&graph, PassContext())
    let kernels = TacticKernels(column.tactics)
    if let precision = column.precision {
      _ = try ReducePrecision(to: precision, kernels: kernels).run(&graph, PassContext())
    }
    _ = try Pipeline.device(kernels).run(&graph, PassContext())
    let plan = try Lowering.lower(
      graph, tactics: column.tactics, constants: ConstantPool(section: "packed.0"), chooser: FirstTactic()
    ).plan
    let steps = plan.steps.filter { step in
      // Casts stand around what runs in another precision; copies and reorders around every kernel.
      let isEdge = [LayoutReorder.name, DeviceCopy.name].contains(step.operatorName)
      return !isEdge
        && (step.operatorName != "Cast" || column.precision == nil || key?.opType.contains("Cast") ?? true)
    }
    let ways = Set(steps.map { way(of: $0, plan, column) })
    if ways.isEmpty { return .free }
    if ways == [.reference] { return .reference }
    if ways.contains(.reference) { return .mixed }
    // A step of another kind says more than the kind: the least of them is what the operator gets.
    return [.cpu, .reducedCPU, .gpu, .reducedGPU].first(where: ways.contains) ?? .mixed
  }

  private func way(of step: PlanStep, _ plan: Plan, _ column: Column) -> Way {
    guard step.kernel.kind != KernelRecord.reference else { return .reference }
    let values = (step.inputs + step.outputs).compactMap { $0.map { plan.values[$0] } }
    let isReduced = values.contains { value in
      column.precision.map { $0 == value.type.tensor?.dtype } ?? false
    }
    let isOnDevice = values.contains { $0.place == .device }
    return isOnDevice ? (isReduced ? .reducedGPU : .gpu) : (isReduced ? .reducedCPU : .cpu)
  }
}
