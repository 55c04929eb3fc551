public import ApusCore

/// Slices of the data chosen by index tuples along the last axis of the indices; the first `batchDims` axes go in
/// step. ONNX GatherND 11, 12 (`batch_dims`), 13.
public struct GatherND: Operator {
  public var batchDims = 0

  public static var importers: [Importer] {
    [
      .onnx("GatherND", since: 11) { node in
        GatherND(batchDims: try node.int("batch_dims", in: 0...64) ?? 0)
      }
    ]
  }

  public init() {}
  public init(batchDims: Int) { self.batchDims = batchDims }
  public var traits: OperatorTraits { .movesData }

  private func check(data: Int, indices: Int, tuple: Int) throws {
    guard batchDims >= 0, batchDims < min(data, indices), tuple >= 1, tuple <= data - batchDims else {
      throw OperatorError(
        .shapeMismatch,
        "tuples of \(tuple) indices and \(batchDims) batch axes do not fit data of rank \(data)",
        attribute: "batch_dims", value: String(batchDims))
    }
  }

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    let (data, indices) = (try context.tensor(0), try context.indexTensor(1))
    guard let shape = data.shape, let chosen = indices.shape, let tuple = chosen.last?.value else {
      return [.tensor(data.dtype, nil)]
    }
    try check(data: shape.count, indices: chosen.count, tuple: tuple)
    return [.tensor(data.dtype, Shape(chosen.dropLast()) + Shape(shape[(batchDims + tuple)...]))]
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let (data, indices) = (try operands.tensor(0), try operands.tensor(1))
    let tuple = indices.shape.last ?? 0
    try check(data: data.rank, indices: indices.rank, tuple: tuple)
    let result = Array(indices.shape.dropLast()) + Array(data.shape[(batchDims + tuple)...])
    let starts = try IndexTuples.starts(data.shape, indices, batchDims: batchDims)
    let inner = Array(data.shape[(batchDims + tuple)...]).elementCount
    let map = try ElementMap(shape: result) { starts.flatMap { $0..<$0 + inner } }
    return [.tensor(map.apply(to: data))]
  }
}

/// Index tuples of GatherND and ScatterND.
enum IndexTuples {
  /// Where the slice of each tuple starts in data of shape `data`.
  static func starts(_ data: [Int], _ indices: Tensor, batchDims: Int = 0) throws -> [Int] {
    let (strides, tuple) = (data.rowMajorStrides, indices.shape.last ?? 0)
    guard Array(data[..<batchDims]) == Array(indices.shape[..<batchDims]) else {
      throw OperatorError(.shapeMismatch, "batch axes of data \(data) and indices \(indices.shape) differ")
    }
    let count = Array(indices.shape.dropLast()).elementCount
    let batches = Array(data[..<batchDims]).elementCount
    let batchSize = Array(data[batchDims...]).elementCount
    let values = indices.integers()
    return try (0..<count).map { number in
      var start = batchDims > 0 ? number / max(count / max(batches, 1), 1) * batchSize : 0
      for place in 0..<tuple {
        let axis = batchDims + place
        start += try checkedIndex(values[number * tuple + place], size: data[axis]) * strides[axis]
      }
      return start
    }
  }
}
