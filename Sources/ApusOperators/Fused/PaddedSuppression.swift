public import ApusCore

/// `NonMaxSuppression`, `nms` or `batched_nms` with results of a fixed size and a count: what a device can run.
///
/// Inputs: those of `NonMaxSuppression` without its limits (boxes `[batch, n, 4]`, scores `[batch, classes, n]`), or boxes
/// `[n, 4]`, scores `[n]` and maybe classes `[n]`. Results: all rows that there may be (`[rows, 3]` or `[rows]`), zero
/// behind those that are there, and the number of these `[1]`.
public struct PaddedSuppression: Operator {
  /// Boxes that are kept of a class at most.
  public var most = 1
  /// Overlap that must not be exceeded.
  public var overlap: Float = 0.5
  /// What a score must exceed, unless all take part.
  public var threshold: Float = 0
  public var takesAll = false
  /// Boxes are middle, width and height.
  public var takesMiddles = false

  public init() {}

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    let (boxes, scores) = (try context.floating(0), try context.floating(1))
    guard let shape = scores.shape, let coordinates = boxes.shape, [1, 3].contains(shape.count),
      coordinates.count == (shape.count == 3 ? 3 : 2)
    else { throw OperatorError(.shapeMismatch, "boxes and scores must have known ranks that fit") }
    let isONNX = shape.count == 3
    _ = try unified(coordinates[isONNX ? 1 : 0], shape[isONNX ? 2 : 0], "numbers of boxes and scores")
    let kept = Dim.min(.constant(most), shape[isONNX ? 2 : 0])
    let rows: Shape = isONNX ? [shape[0] * shape[1] * kept, 3] : [kept]
    return [.tensor(.i64, rows), .tensor(.i64, [1])]
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let (boxes, scores) = (try operands.tensor(0), try operands.tensor(1))
    let isONNX = scores.rank == 3
    let count = scores.shape.last ?? 0
    let kept = Swift.min(most, count)
    var rows: [Int64]
    if isONNX {
      let limits = [
        Tensor([Int64(most)]), Tensor([overlap]), takesAll ? nil : Tensor([threshold]),
      ]
      let results = try NonMaxSuppression(centerPoints: takesMiddles).evaluate(
        Operands([boxes, scores] + limits))
      rows = results.first?.tensor?.integers() ?? []
    } else {
      let labels = operands.optional(2)
      let results = try BoxSuppression(iouThreshold: overlap, byClass: labels != nil).evaluate(
        Operands([boxes, scores] + (labels.map { [$0] } ?? [])))
      rows = Array((results.first?.tensor?.integers() ?? []).prefix(kept))
    }
    let width = isONNX ? 3 : 1
    let number = rows.count / width
    let limit = isONNX ? scores.shape[0] * scores.shape[1] * kept : kept
    rows += [Int64](repeating: 0, count: width * limit - rows.count)
    return [
      .tensor(Tensor(integers: rows, .i64, isONNX ? [limit, 3] : [limit])), .tensor(Tensor([Int64(number)])),
    ]
  }
}
