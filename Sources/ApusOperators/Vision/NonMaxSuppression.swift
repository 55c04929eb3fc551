public import ApusCore

/// Chooses boxes by score that overlap chosen ones of their class little. Inputs: boxes `[batch, n, 4]`, scores
/// `[batch, classes, n]`, and optionally the most boxes of a class (none when absent), the overlap, and the score that
/// must be exceeded. Result: rows of batch, class and box. ONNX NonMaxSuppression 10, 11.
public struct NonMaxSuppression: Operator {
  /// Boxes are middle x, middle y, width and height instead of two corners y1, x1, y2, x2.
  public var centerPoints = false

  public static var importers: [Importer] {
    [
      .onnx("NonMaxSuppression", since: 10) { node in
        NonMaxSuppression(centerPoints: try node.bool("center_point_box", default: false))
      }
    ]
  }

  public init() {}
  public init(centerPoints: Bool) { self.centerPoints = centerPoints }

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    let (boxes, scores) = (try context.tensor(0), try context.tensor(1))
    for rank in [boxes.rank, scores.rank] {
      guard rank ?? 3 == 3 else {
        throw OperatorError(.shapeMismatch, "boxes and scores must have three axes")
      }
    }
    var bound: Dim?
    if let shape = scores.shape {
      if let coordinates = boxes.shape {
        _ = try Dim.merged(shape[0], coordinates[0], "batch sizes of boxes and scores")
        _ = try Dim.merged(shape[2], coordinates[1], "numbers of boxes and scores")
      }
      let most = context.dims(2)?.first.map { Dim.max($0, 0) } ?? (context.isPresent(2) ? shape[2] : 0)
      bound = shape[0] * shape[1] * Dim.min(most, shape[2])
    }
    return [.tensor(.i64, [context.fresh("boxes", atMost: bound), 3])]
  }

  /// Corners x1, y1, x2, y2, in order.
  private func corners(_ box: ArraySlice<Double>) -> [Double] {
    let b = Array(box)
    if centerPoints { return [b[0] - b[2] / 2, b[1] - b[3] / 2, b[0] + b[2] / 2, b[1] + b[3] / 2] }
    return [min(b[1], b[3]), min(b[0], b[2]), max(b[1], b[3]), max(b[0], b[2])]
  }

  /// Intersection over union.
  private static func overlap(_ a: [Double], _ b: [Double]) -> Double {
    let (width, height) = (min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1]))
    guard width > 0, height > 0 else { return 0 }
    let (first, second) = ((a[2] - a[0]) * (a[3] - a[1]), (b[2] - b[0]) * (b[3] - b[1]))
    let union = first + second - width * height
    return first > 0 && second > 0 && union > 0 ? width * height / union : 0
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let (boxes, scores) = (try operands.tensor(0), try operands.tensor(1))
    guard boxes.rank == 3, scores.rank == 3, boxes.shape[2] == 4, boxes.shape[0] == scores.shape[0],
      boxes.shape[1] == scores.shape[2]
    else { throw OperatorError(.shapeMismatch, "boxes \(boxes.shape) and scores \(scores.shape) do not fit") }
    let most = max(operands.optionalSizes(2)?.first ?? 0, 0)
    let threshold = operands.optional(3)?.doubles().first ?? 0
    let least = operands.optional(4)?.doubles().first ?? -.infinity
    let (count, classes) = (scores.shape[2], scores.shape[1])
    // NaN sorts behind all numbers.
    let (coordinates, values) = (boxes.doubles(), scores.doubles().map { $0.isNaN ? -.infinity : $0 })
    var rows: [Int64] = []
    for batch in 0..<scores.shape[0] where most > 0 {
      let corners = (0..<count).map { box in
        self.corners(coordinates[(batch * count + box) * 4..<(batch * count + box + 1) * 4])
      }
      for label in 0..<classes {
        let start = (batch * classes + label) * count
        let candidates = (0..<count).filter { values[start + $0] > least || least == -.infinity }
          .sorted { (values[start + $0], $1) > (values[start + $1], $0) }
        var chosen: [Int] = []
        for box in candidates {
          if chosen.count >= most { break }
          if chosen.contains(where: { Self.overlap(corners[$0], corners[box]) > threshold }) { continue }
          chosen.append(box)
          rows += [Int64(batch), Int64(label), Int64(box)]
        }
      }
    }
    return [.tensor(Tensor(rows, shape: [rows.count / 3, 3]))]
  }
}
