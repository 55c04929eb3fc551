public import ApusCore

/// The data with slices replaced at index tuples along the last axis of the indices. Inputs: data, indices, updates.
/// ONNX ScatterND 11, 13, 16 (`reduction`), 18.
public struct ScatterND: Operator {
  public var reduction = ScatterReduction.none

  public static var importers: [Importer] {
    [.onnx("ScatterND", since: 11) { node in ScatterND(reduction: try ScatterReduction.of(node)) }]
  }

  public init() {}
  public init(reduction: ScatterReduction) { self.reduction = reduction }

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    let (data, indices, updates) = (
      try context.tensor(0), try context.indexTensor(1), try context.tensor(2)
    )
    guard data.dtype == updates.dtype else {
      throw OperatorError(
        .typeMismatch, "data is \(data.dtype.rawValue), updates are \(updates.dtype.rawValue)")
    }
    if let rank = data.rank, let chosen = indices.shape {
      guard rank > 0, !chosen.isEmpty, (chosen.last?.value ?? 0) <= rank else {
        throw OperatorError(.shapeMismatch, "the index tuples are longer than the data's rank \(rank)")
      }
    }
    return [.tensor(data)]
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let (data, indices, updates) = (
      try operands.tensor(0), try operands.tensor(1), try operands.tensor(2)
    )
    guard let tuple = indices.shape.last, tuple <= data.rank else {
      throw OperatorError(.shapeMismatch, "the index tuples are longer than the data's rank \(data.rank)")
    }
    let slice = Array(data.shape[tuple...])
    guard updates.shape == Array(indices.shape.dropLast()) + slice else {
      throw OperatorError(
        .shapeMismatch, "updates \(updates.shape) do not fit data \(data.shape) and indices \(indices.shape)")
    }
    let starts = try IndexTuples.starts(data.shape, indices)
    let positions = starts.flatMap { $0..<$0 + slice.elementCount }
    return [.tensor(try reduction.apply(data, positions, updates))]
  }
}
