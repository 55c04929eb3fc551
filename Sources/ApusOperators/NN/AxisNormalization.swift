public import ApusCore

/// Operators that map every line of elements along one axis to another line.
///
/// With `flattened` (ONNX before 13), a line is everything from `axis` on.
public protocol AxisNormalization: Operator {
  var axis: Int { get set }
  var flattened: Bool { get set }
  /// Maps one line in place, in double precision.
  func normalize(_ line: inout [Double])
}

extension AxisNormalization {
  /// Versions since 13 take one axis; older ones all axes from `axis` on, which is the same for the last axis.
  static func axisImporters(_ opType: String) -> [Importer] {
    [
      .onnx(opType, since: 13) { node in
        var op = Self()
        op.axis = try node.int("axis", default: -1)
        return op
      },
      .onnx(opType, since: 1, until: 12) { node, scope in
        var op = Self()
        op.axis = try node.int("axis", default: 1)
        let rank = (node.inputs.first ?? nil).flatMap { scope.type($0).tensor?.rank }
        op.flattened = rank.map { op.axis != $0 - 1 && op.axis != -1 } ?? true
        return try scope.add(op, node.inputs, for: node)
      },
    ]
  }

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    let x = try context.floating(0)
    if let shape = x.shape { _ = try lines([Int](repeating: 1, count: shape.count)) }
    return [.tensor(x)]
  }

  /// Number of elements before, along and after the axis.
  package func lines(_ shape: [Int]) throws -> (outer: Int, line: Int, inner: Int) {
    if flattened && axis == shape.count { return (shape.reduce(1, *), 1, 1) }
    let axis = try normalizedAxis(axis, rank: shape.count)
    let outer = shape[..<axis].reduce(1, *)
    if flattened { return (outer, shape[axis...].reduce(1, *), 1) }
    return (outer, shape[axis], shape[(axis + 1)...].reduce(1, *))
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let x = try operands.tensor(0)
    let (outer, count, inner) = try lines(x.shape)
    var values = x.doubles()
    var line = [Double](repeating: 0, count: count)
    for row in 0..<outer * inner where count > 0 {
      let start = row / inner * count * inner + row % inner
      for index in 0..<count { line[index] = values[start + index * inner] }
      normalize(&line)
      for index in 0..<count { values[start + index * inner] = line[index] }
    }
    return [.tensor(Tensor(doubles: values, x.dtype, x.shape))]
  }
}
