public import ApusCore

/// The data with each update put at its own position, but at the index along `axis`. Inputs: data, indices, updates.
/// ONNX ScatterElements 11, 13, 16 (`reduction`), 18; Scatter 9, 11.
public struct ScatterElements: Operator {
  public var axis = 0
  public var reduction = ScatterReduction.none

  public static var importers: [Importer] {
    [
      .onnx("ScatterElements", since: 11) { node in try of(node) },
      .onnx("Scatter", since: 9) { node in try of(node) },
    ]
  }

  private static func of(_ node: SourceNode) throws -> ScatterElements {
    ScatterElements(axis: try node.int("axis", default: 0), reduction: try ScatterReduction.of(node))
  }

  public init() {}
  public init(axis: Int, reduction: ScatterReduction = .none) {
    self.axis = axis
    self.reduction = reduction
  }

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    let (data, indices, updates) = (
      try context.tensor(0), try context.indexTensor(1), try context.tensor(2)
    )
    guard data.dtype == updates.dtype else {
      throw OperatorError(
        .typeMismatch, "data is \(data.dtype.rawValue), updates are \(updates.dtype.rawValue)")
    }
    let ranks = Set([data.rank, indices.rank, updates.rank].compactMap { $0 })
    guard ranks.count <= 1 else {
      throw OperatorError(.shapeMismatch, "data, indices and updates differ in rank")
    }
    if let rank = ranks.first { _ = try normalizedAxis(axis, rank: rank) }
    return [.tensor(data)]
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let (data, indices, updates) = (
      try operands.tensor(0), try operands.tensor(1), try operands.tensor(2)
    )
    guard indices.shape == updates.shape else {
      throw OperatorError(
        .shapeMismatch, "indices \(indices.shape) and updates \(updates.shape) differ in shape")
    }
    let positions = try GatherElements.positions(data.shape, indices, axis: axis)
    return [.tensor(try reduction.apply(data, positions, updates))]
  }
}
