public import ApusCore

/// Rotates pairs of features by angles that grow with the position.
///
/// Inputs: x `[batch, heads, length, size]` or `[batch, length, heads·size]`, cosines and sines `[positions, size/2]`
/// with position ids `[batch, length]`, or `[batch, length, size/2]` without. ONNX RotaryEmbedding 23; ONNX Runtime's 1.
public struct RotaryEmbedding: Operator {
  /// Whether a pair are neighbours; else the second half follows the first.
  public var interleaved = false
  /// Features of each head that are rotated; 0: all.
  public var rotatedSize = 0
  /// Needed with three axes.
  public var heads = 0

  public static var importers: [Importer] {
    [
      .onnx("RotaryEmbedding", since: 23) { try RotaryEmbedding(onnx: $0) },
      .onnx("RotaryEmbedding", domain: "com.microsoft") { node, scope in
        guard node.inputs.count == 4 else {
          throw OperatorError(
            .wrongInputCount, "RotaryEmbedding has \(node.inputs.count) inputs", allowed: "4")
        }
        var op = try RotaryEmbedding(onnx: node)
        if let x = node.inputs[0], let shape = scope.type(x).tensor?.shape, shape.count == 3, op.heads == 0,
          let cosines = node.inputs[2], let half = scope.type(cosines).tensor?.shape?.last?.value, half > 0,
          let features = shape[2].value
        {
          op.heads = features / 2 / half
        }
        let inputs = [node.inputs[0], node.inputs[2], node.inputs[3], node.inputs[1]]
        return try scope.add(op, inputs, for: node)
      },
    ]
  }

  public init() {}

  private init(onnx node: SourceNode) throws {
    interleaved = try node.bool("interleaved", default: false)
    rotatedSize = try node.int("rotary_embedding_dim", in: 0...Window.largest) ?? 0
    heads = try node.int("num_heads", in: 0...Window.largest) ?? 0
  }

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    let x = try context.floating(0)
    for index in 1..<3 { _ = try context.floating(index) }
    _ = try Heads.shape(try context.shape(0, rank: 3...4), heads: heads)
    return [.tensor(x)]
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let x = try operands.tensor(0, rank: 3...4)
    let (cosines, sines) = (try operands.tensor(1), try operands.tensor(2))
    var result = try Heads(x, heads: heads)
    let rotated = rotatedSize == 0 ? result.size : rotatedSize
    let half = rotated / 2
    try require(rotated <= result.size && rotated >= 0, "\(rotated) rotated features of \(result.size)")
    try require(
      cosines.shape == sines.shape && cosines.shape.last == half,
      "tables of \(cosines.shape) for \(half) angles")
    let ids = operands.optional(3)?.integers()
    let rows = half == 0 ? 0 : cosines.elementCount / half
    let (cos, sin) = (cosines.doubles(), sines.doubles())
    for sample in 0..<result.batch {
      for place in 0..<result.length {
        let index = sample * result.length + place
        var row = index
        if let ids {
          // A single id is the position of the first row.
          row = ids.count == 1 ? Int(ids[0]) &+ place : index < ids.count ? Int(ids[index]) : -1
        }
        guard row >= 0 && row < rows || half == 0 else {
          throw OperatorError(.invalidValue, "position \(row) is outside the table of \(rows)")
        }
        for head in 0..<result.heads {
          let start = result.row(sample, head, place)
          for pair in 0..<half {
            let first = start + (interleaved ? 2 * pair : pair)
            let second = interleaved ? first + 1 : first + half
            let (a, b) = (result.elements[first], result.elements[second])
            let (c, s) = (cos[row * half + pair], sin[row * half + pair])
            result.elements[first] = c * a - s * b
            result.elements[second] = s * a + c * b
          }
        }
      }
    }
    return [.tensor(x.rank == 3 ? result.merged(x.dtype) : result.tensor(x.dtype))]
  }
}
