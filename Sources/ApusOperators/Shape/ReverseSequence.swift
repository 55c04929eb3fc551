public import ApusCore

/// Reverses the first `lengths[b]` elements along the time axis of each batch `b`; the second input holds the lengths.
/// ONNX ReverseSequence 10.
public struct ReverseSequence: Operator {
  public var batchAxis = 1
  public var timeAxis = 0

  public static var importers: [Importer] {
    [
      .onnx("ReverseSequence", since: 10) { node in
        ReverseSequence(
          batchAxis: try node.int("batch_axis", in: 0...1) ?? 1,
          timeAxis: try node.int("time_axis", in: 0...1) ?? 0)
      }
    ]
  }

  public init() {}
  public init(batchAxis: Int, timeAxis: Int) {
    self.batchAxis = batchAxis
    self.timeAxis = timeAxis
  }
  public var traits: OperatorTraits { .movesData }

  private func axes(rank: Int) throws -> (batch: Int, time: Int) {
    let batch = try normalizedAxis(batchAxis, rank: rank, attribute: "batch_axis")
    let time = try normalizedAxis(timeAxis, rank: rank, attribute: "time_axis")
    guard batch != time else {
      throw OperatorError(.invalidAttribute, "batch_axis and time_axis are the same", attribute: "batch_axis")
    }
    return (batch, time)
  }

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    let (x, lengths) = (try context.tensor(0), try context.tensor(1))
    if let shape = x.shape {
      let axes = try axes(rank: shape.count)
      if let count = lengths.shape {
        guard count.count == 1 else { throw OperatorError(.shapeMismatch, "the lengths must be a vector") }
        _ = try Dim.merged(shape[axes.batch], count[0], "the batch size and the number of lengths")
      }
    }
    return [.tensor(x)]
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let (x, lengths) = (try operands.tensor(0), try operands.sizes(1))
    let (batch, time) = try axes(rank: x.rank)
    let (size, strides) = (x.shape[time], x.shape.rowMajorStrides)
    guard lengths.count == x.shape[batch], lengths.allSatisfy({ $0 >= 0 && $0 <= size }) else {
      throw OperatorError(.invalidValue, "there must be one length of 0...\(size) for each batch")
    }
    let map = try ElementMap(shape: x.shape) {
      (0..<x.elementCount).map { position in
        let length = lengths[position / strides[batch] % x.shape[batch]]
        let step = position / strides[time] % size
        return step < length ? position + (length - 1 - 2 * step) * strides[time] : position
      }
    }
    return [.tensor(map.apply(to: x))]
  }
}
