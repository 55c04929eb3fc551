public import ApusCore

/// The upper or lower triangle of the last two axes, zero elsewhere; the optional second input moves the diagonal up.
/// ONNX Trilu 14.
public struct Trilu: Operator {
  public var upper = true

  public static var importers: [Importer] {
    [.onnx("Trilu", since: 14) { node in Trilu(upper: try node.bool("upper", default: true)) }]
  }

  public init() {}
  public init(upper: Bool) { self.upper = upper }

  private func check(rank: Int) throws {
    guard rank >= 2 else {
      throw OperatorError(.shapeMismatch, "a triangle needs at least two axes, the tensor has \(rank)")
    }
  }

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    let x = try context.tensor(0)
    if let rank = x.rank { try check(rank: rank) }
    return [.tensor(x)]
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let x = try operands.tensor(0)
    try check(rank: x.rank)
    let shift = min(max(operands.optionalSizes(1)?.first ?? 0, -1 << 40), 1 << 40)
    let (rows, columns) = (x.shape[x.rank - 2], x.shape[x.rank - 1])
    let map = try ElementMap(shape: x.shape) {
      (0..<x.elementCount).map { position in
        let (row, column) = (position / columns % rows, position % columns)
        let kept = upper ? column >= row + shift : column <= row + shift
        return kept ? position : ElementMap.fill
      }
    }
    return [.tensor(map.apply(to: x))]
  }
}
