public import ApusCore
public import ApusEngine
public import ApusTactics
public import ApusOperators

/// A plan in memory, ready to run: what building, baselines and tests work with before anything is saved.
public struct LoweredPlan {
  public let plan: Plan
  public let notes: [Lowering.NodeNote]
  public let executable: ExecutablePlan
  public let constants: ConstantPool

  public init(
    _ graph: Graph, tactics: TacticSet, chooser: any TacticChooser = FirstTactic(),
    section: String = "packed.0",
    profiles: [ShapeProfile] = [], sizes: [[String: Int]] = [], portable: PortablePart? = nil,
    tuning: TuningSession? = nil,
    catalogue: OperatorCatalogue = .withPlugins
  ) throws {
    tactics.prepare(graph, sizes, tuning)
    constants = ConstantPool(section: section, fallback: portable?.weights)
    var result = try Lowering.lower(
      graph, tactics: tactics, constants: constants, chooser: chooser, portable: portable, sizes: sizes,
      tuning: tuning)
    result.plan.profiles = profiles
    plan = result.plan
    notes = result.notes
    executable = try ExecutablePlan(
      plan, constants: constants, runtimes: tactics.runtimes, catalogue: catalogue)
  }

  /// Steps that run the operator's reference.
  public var referenceSteps: Int { plan.steps.count { $0.kernel.kind == KernelRecord.reference } }
}

/// The graph that an engine keeps for other machines: text, and weights once, in the source's precision.
public final class PortablePart: PortableConstants, @unchecked Sendable {
  public let text: String
  public let weights: ConstantPool
  public let table: [StoredConstant]
  private let references: [ObjectIdentifier: [(Tensor, ConstantReference)]]

  public init(_ graph: Graph) {
    var printer = GraphPrinter()
    text = printer.print(graph)
    let pool = ConstantPool(section: "weights")
    var table: [StoredConstant] = []
    var references: [ObjectIdentifier: [(Tensor, ConstantReference)]] = [:]
    for tensor in printer.constants {
      let reference = pool.add(tensor)
      table.append(StoredConstant(dtype: tensor.dtype, shape: tensor.shape, offset: reference.offset))
      references[ObjectIdentifier(tensor.storage), default: []].append((tensor, reference))
    }
    weights = pool
    self.table = table
    self.references = references
  }

  public func reference(for tensor: Tensor) -> ConstantReference? {
    references[ObjectIdentifier(tensor.storage)]?.first {
      $0.0.byteOffset == tensor.byteOffset && $0.0.byteCount == tensor.byteCount
    }?.1
  }
}
