public import ApusCore

/// Divides every line along `axis` by its L1 or L2 norm; lines of zeros stay zero. ONNX LpNormalization 1, 22.
public struct LpNormalization: AxisNormalization {
  public var axis = -1
  public var flattened = false
  /// 1 or 2.
  public var p = 2

  public static var importers: [Importer] {
    [
      .onnx("LpNormalization") { node in
        var op = LpNormalization()
        op.axis = try node.int("axis", default: -1)
        op.p = try node.int("p", default: 2)
        try require(op.p == 1 || op.p == 2, attribute: "p", value: op.p, allowed: "1, 2")
        return op
      }
    ]
  }

  public init() {}

  public func normalize(_ line: inout [Double]) {
    let norm =
      p == 1 ? line.reduce(0.0) { $0 + abs($1) } : line.reduce(0.0) { $0 + $1 * $1 }.squareRoot()
    for index in line.indices { line[index] = norm == 0 ? 0 : line[index] / norm }
  }
}
