public import ApusCore

/// A node as tactics see it: the operator with the types and constants around it, cut out of its graph.
public struct TacticNode: Sendable {
  public var op: any Operator
  public var name: String
  public var inputs: [ValueType?]
  /// Contents of constant inputs.
  public var constants: [Tensor?]
  /// Elements of inputs known by shape arithmetic.
  public var contents: [Contents?]
  public var outputs: [ValueType?]
  /// Sizes of symbols for which kernels with fixed extents are made; empty: every symbol is 1.
  public var sizes: [[String: Int]] = []
  /// Where devices that choose kernels within a tactic measure them; nil: they do not.
  public var tuning: TuningSession?

  public init(
    op: any Operator, name: String = "", inputs: [ValueType?], constants: [Tensor?] = [],
    contents: [Contents?] = [],
    outputs: [ValueType?]
  ) {
    self.op = op
    self.name = name
    self.inputs = inputs
    self.constants = constants
    self.contents = contents
    self.outputs = outputs
  }

  public init(_ node: Graph.Node, in graph: Graph) {
    self.init(
      op: node.op, name: node.name, inputs: node.inputs.map { $0.map { graph[$0].type } },
      constants: node.inputs.map { graph.constant($0) },
      contents: node.inputs.map { $0.flatMap { graph[$0].contents } },
      outputs: node.outputs.map { $0.map { graph[$0].type } })
  }

  public func isPresent(_ index: Int) -> Bool { index < inputs.count && inputs[index] != nil }

  public func input(_ index: Int) -> TensorType? { index < inputs.count ? inputs[index]?.tensor : nil }
  public func output(_ index: Int = 0) -> TensorType? { index < outputs.count ? outputs[index]?.tensor : nil }
  public func constant(_ index: Int) -> Tensor? { index < constants.count ? constants[index] : nil }

  /// Known integers of an input (axes, sizes), from a constant or shape arithmetic.
  public func integers(_ index: Int) -> [Int]? {
    if let tensor = constant(index), tensor.dtype.isInteger { return tensor.integers().map { Int($0) } }
    guard index < contents.count, let dims = contents[index]?.dims else { return nil }
    let values = dims.compactMap(\.value)
    return values.count == dims.count ? values : nil
  }

  /// Element type of the first input.
  public var dtype: DType? { input(0)?.dtype }
}

/// Layouts of all inputs and outputs of a kernel; nil where it does not matter (absent, or a constant that is packed).
public struct LayoutSignature: Sendable, Hashable {
  public var inputs: [Layout?]
  public var outputs: [Layout?]

  public init(inputs: [Layout?], outputs: [Layout?]) {
    self.inputs = inputs
    self.outputs = outputs
  }

  /// The same layout everywhere.
  public static func all(_ layout: Layout, _ node: TacticNode) -> LayoutSignature {
    LayoutSignature(inputs: node.inputs.map { _ in layout }, outputs: node.outputs.map { _ in layout })
  }
}

/// Whether a tactic can run a node.
public enum Support: Sendable {
  /// With these layouts, the preferred one first.
  case yes([LayoutSignature])
  /// Why not, for `apus inspect --dry-run` and reports.
  case no(String)

  public var reason: String? {
    if case .no(let reason) = self { return reason }
    return nil
  }
}
