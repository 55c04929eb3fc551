public import ApusCore

/// `(x - mean) / (deviation + 1e-9)` with both taken over `axes`. ONNX MeanVarianceNormalization 9, 13.
public struct MeanVarianceNormalization: Operator {
  public var axes = [0, 2, 3]

  public static var importers: [Importer] {
    [
      .onnx("MeanVarianceNormalization") { node in
        var op = MeanVarianceNormalization()
        op.axes = try node.ints("axes") ?? [0, 2, 3]
        return op
      }
    ]
  }

  public init() {}

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    let x = try context.floating(0)
    if let rank = x.rank { for axis in axes { _ = try normalizedAxis(axis, rank: rank, attribute: "axes") } }
    return [.tensor(x)]
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let x = try operands.tensor(0)
    let reduced = Set(try axes.map { try normalizedAxis($0, rank: x.rank, attribute: "axes") })
    let kept = x.shape.indices.map { reduced.contains($0) ? 1 : x.shape[$0] }
    let groups = Broadcasting.positions(of: kept, over: x.shape)
    let count = Double(x.elementCount) / Double(max(kept.elementCount, 1))
    var values = x.doubles()
    var (means, squares) = (
      [Double](repeating: 0, count: kept.elementCount), [Double](repeating: 0, count: kept.elementCount)
    )
    for (index, group) in groups.enumerated() { means[group] += values[index] / count }
    for (index, group) in groups.enumerated() {
      let difference = values[index] - means[group]
      squares[group] += difference * difference / count
    }
    for (index, group) in groups.enumerated() {
      values[index] = (values[index] - means[group]) / (squares[group].squareRoot() + 1e-9)
    }
    return [.tensor(Tensor(doubles: values, x.dtype, x.shape))]
  }
}
