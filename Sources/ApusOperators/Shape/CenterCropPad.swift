public import ApusCore

/// Cuts the middle out, or adds zeros around, so that the axes get the sizes in the second input.
/// ONNX CenterCropPad 18.
public struct CenterCropPad: Operator {
  /// Axes that the sizes are for; nil: all.
  public var axes: [Int]?

  public static var importers: [Importer] {
    [.onnx("CenterCropPad", since: 18) { node in CenterCropPad(axes: try node.ints("axes")) }]
  }

  public init() {}
  public init(axes: [Int]?) { self.axes = axes }
  public var traits: OperatorTraits { .movesData }

  private func shape(_ input: Shape, _ sizes: [Dim]) throws -> Shape {
    let axes = try (axes ?? Array(input.indices)).map {
      try normalizedAxis($0, rank: input.count, attribute: "axes")
    }
    guard sizes.count == axes.count else {
      throw OperatorError(.shapeMismatch, "\(sizes.count) sizes for \(axes.count) axes", attribute: "axes")
    }
    var result = input
    for (axis, size) in zip(axes, sizes) { result[axis] = size }
    return result
  }

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    let x = try context.tensor(0)
    _ = try context.tensor(1)
    guard let input = x.shape else { return [.tensor(x.dtype, nil)] }
    guard let sizes = context.dims(1) else {
      return [.tensor(x.dtype, context.unknownShape(rank: input.count, "crop"))]
    }
    return [.tensor(x.dtype, try shape(input, sizes))]
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let x = try operands.tensor(0)
    let result = try shape(Shape(x.shape), Shape(operands.sizes(1))).compactMap(\.value)
    try ElementMap.check(result)
    let indices = zip(x.shape, result).map { old, new in
      // Halves are rounded down on both sides: the odd element is cut or added at the end.
      let shift = new < old ? (old - new) / 2 : -((new - old) / 2)
      return (0..<new).map { $0 + shift >= 0 && $0 + shift < old ? $0 + shift : ElementMap.fill }
    }
    return [.tensor(try ElementMap(indices: indices, of: x.shape).apply(to: x))]
  }
}
