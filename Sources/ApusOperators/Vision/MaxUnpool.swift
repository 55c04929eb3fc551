public import ApusCore

/// Puts the results of a maximum pooling back where they came from, zeros elsewhere. Inputs: the pooled tensor, the
/// indices that the pooling gave, and optionally the output shape. ONNX MaxUnpool 9, 11, 22.
public struct MaxUnpool: Operator {
  public var kernel: [Int] = []
  /// Empty: 1 along every axis.
  public var strides: [Int] = []
  /// All begins, then all ends. Empty: none.
  public var pads: [Int] = []

  public static var importers: [Importer] {
    [
      .onnx("MaxUnpool", since: 9) { node in
        var op = MaxUnpool()
        op.kernel = try node.require("kernel_shape", node.ints("kernel_shape", in: Window.steps))
        op.strides = try node.ints("strides", in: Window.steps) ?? []
        op.pads = try node.ints("pads", in: Window.margins) ?? []
        return op
      }
    ]
  }

  public init() {}

  /// The shape that the pooling had as input, as far as kernel, strides and pads tell.
  private func unpooled(_ shape: Shape) throws -> Shape {
    let rank = kernel.count
    guard shape.count == rank + 2, strides.isEmpty || strides.count == rank,
      pads.isEmpty || pads.count == 2 * rank
    else {
      throw OperatorError(
        .shapeMismatch, "a kernel of \(rank) axes does not fit a tensor of rank \(shape.count)",
        attribute: "kernel_shape")
    }
    return Shape(shape[..<2])
      + (0..<rank).map { axis in
        let padding = pads.isEmpty ? 0 : pads[axis] + pads[rank + axis]
        return (shape[axis + 2] - 1) * .constant(strides.isEmpty ? 1 : strides[axis])
          + .constant(kernel[axis] - padding)
      }
  }

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    let (x, indices) = (try context.tensor(0), try context.tensor(1))
    guard indices.dtype == .i64 else {
      throw OperatorError(.typeMismatch, "indices are \(indices.dtype.rawValue)", allowed: "i64")
    }
    if context.isPresent(2) {
      let unknown = context.unknownShape(rank: x.rank ?? kernel.count + 2, "unpool")
      return [.tensor(x.dtype, context.dims(2) ?? unknown)]
    }
    return [.tensor(x.dtype, try x.shape.map(unpooled))]
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let (x, indices) = (try operands.tensor(0), try operands.tensor(1))
    let natural = try unpooled(Shape(x.shape)).compactMap(\.value)
    try ElementMap.check(natural)
    guard indices.shape == x.shape else {
      throw OperatorError(.shapeMismatch, "indices \(indices.shape) do not fit \(x.shape)")
    }
    var sources = [Int](repeating: ElementMap.fill, count: natural.elementCount)
    for (element, index) in indices.integers().enumerated() {
      sources[try checkedIndex(index, size: sources.count)] = element
    }
    let unpooled = try ElementMap(shape: natural) { sources }.apply(to: x)
    guard let wanted = operands.optionalSizes(2), wanted != natural else { return [.tensor(unpooled)] }
    guard wanted.count == natural.count, zip(wanted, natural).allSatisfy(>=) else {
      throw OperatorError(.shapeMismatch, "output shape \(wanted) is smaller than \(natural)")
    }
    try ElementMap.check(wanted)
    let inside = zip(natural, wanted).map { old, new in (0..<new).map { $0 < old ? $0 : ElementMap.fill } }
    return [.tensor(try ElementMap(indices: inside, of: natural).apply(to: unpooled))]
  }
}
