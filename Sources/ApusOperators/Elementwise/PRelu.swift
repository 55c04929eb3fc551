public import ApusCore

/// `x`, below zero `slope * x`; the slope broadcasts to `x`. ONNX PRelu 7, 9, 16; before 7 a slope vector belongs to
/// axis 1.
public struct PRelu: BinaryArithmetic {
  public static var importers: [Importer] {
    [
      .onnx("PRelu", since: 7) { _ in PRelu() },
      .onnx("PRelu", since: 1, until: 6) { node, scope in
        guard node.inputs.count == 2, let x = node.inputs[0], let slope = node.inputs[1],
          let rank = scope.type(x).tensor?.rank, rank > 2,
          let shape = scope.type(slope).tensor?.shape, shape.count == 1, shape[0] != 1
        else { return try scope.add(PRelu(), node.inputs, for: node) }
        let axes = scope.constant(Array(1..<rank - 1))
        let widened = try scope.add(Unsqueeze(), [slope, axes], "slope")
        return try scope.add(PRelu(), [x, widened], for: node)
      },
    ]
  }

  public init() {}

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    let type = try context.broadcast(Self.elementTypes, count: 2)
    let x = try context.tensor(0)
    if let rank = type.rank, let own = x.rank, rank > own {
      throw OperatorError(.shapeMismatch, "the slope has more axes than the input")
    }
    return [.tensor(type)]
  }

  public func apply(_ a: Double, _ b: Double) -> Double { a < 0 ? a * b : a }
  public func apply(_ a: Int64, _ b: Int64, unsigned: Bool) -> Int64 { unsigned || a >= 0 ? a : a &* b }
}
