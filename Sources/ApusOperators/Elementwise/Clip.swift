public import ApusCore

/// `min(max(x, lower), upper)`; the bounds are optional scalar inputs 1 and 2. ONNX Clip 1, 6 (attributes), 11, 12, 13.
public struct Clip: Operator {
  public static var importers: [Importer] {
    [
      .onnx("Clip", since: 11) { _ in Clip() },
      .onnx("Clip", since: 1, until: 10) { node, scope in
        let x = node.inputs.first ?? nil
        let dtype = x.flatMap { scope.type($0).tensor?.dtype } ?? .f32
        let bounds = try ["min", "max"].map { name in
          try node.float(name).map { scope.constant(Tensor(doubles: [$0], dtype, [])) }
        }
        return try scope.add(Clip(), [x] + bounds, for: node)
      },
    ]
  }

  public init() {}
  public var traits: OperatorTraits { .elementwise }

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    let x = try context.tensor(0)
    try ElementTypes.numbers.check(x.dtype)
    for bound in [1, 2] {
      guard let type = context.optional(bound) else { continue }
      guard type.dtype == x.dtype else {
        throw OperatorError(
          .typeMismatch, "input 0 is \(x.dtype.rawValue), bound \(bound) is \(type.dtype.rawValue)",
          fix: "cast the bound to the type of the input")
      }
      guard type.shape == nil || type.shape?.elementCount.value ?? 1 == 1 else {
        throw OperatorError(.shapeMismatch, "bound \(bound) is no scalar")
      }
    }
    return [.tensor(x)]
  }

  public func propagate(_ context: InferenceContext) -> [Contents?] {
    guard var x = context.contents(0) else { return [] }
    for (index, bounding) in [(1, Max().combine), (2, Min().combine)] where context.isPresent(index) {
      guard let bound = context.contents(index)?.elements.first else { return [] }
      let elements = x.elements.compactMap { bounding($0, bound) }
      guard elements.count == x.elements.count else { return evaluatedContents(context) }
      x.elements = elements
    }
    return [x]
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let x = try operands.tensor(0, .numbers)
    let (lower, upper) = (operands.optional(1), operands.optional(2))
    if x.dtype.isInteger {
      // Flipping the top bit orders UInt64 as Int64.
      let flip = x.dtype == .u64 ? Int64.min : 0
      let low = lower?.integers().first.map { $0 ^ flip } ?? .min
      let high = upper?.integers().first.map { $0 ^ flip } ?? .max
      let results = x.integers().map { min(max($0 ^ flip, low), high) ^ flip }
      return [.tensor(Tensor(integers: results, x.dtype, x.shape))]
    }
    let low = lower?.doubles().first ?? -.infinity
    let high = upper?.doubles().first ?? .infinity
    let results = x.doubles().map { $0.isNaN ? $0 : min(max($0, low), high) }
    return [.tensor(Tensor(doubles: results, x.dtype, x.shape))]
  }
}
