public import ApusCore

/// `x` where the condition holds, else `y`, all three broadcast. ONNX Where 9, 16.
public struct Where: Operator {
  public static var importers: [Importer] { [.onnx("Where", since: 9) { _ in Where() }] }

  public init() {}
  public var traits: OperatorTraits { .elementwise }

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    let (condition, x, y) = (try context.tensor(0), try context.tensor(1), try context.tensor(2))
    try ElementTypes.bool.check(condition.dtype, "the condition")
    guard x.dtype == y.dtype else {
      throw OperatorError(
        .typeMismatch, "the branches are \(x.dtype.rawValue) and \(y.dtype.rawValue)",
        fix: "cast one to the other's type")
    }
    return [.tensor(x.dtype, try Broadcasting.shape([condition.shape, x.shape, y.shape]))]
  }

  public func propagate(_ context: InferenceContext) -> [Contents?] {
    guard let condition = context.contents(0), let x = context.contents(1), let y = context.contents(2),
      let shape = try? Broadcasting.shape([condition.shape, x.shape, y.shape]),
      shape.elementCount <= Contents.limit
    else { return [] }
    let places = [condition.shape, x.shape, y.shape].map { Broadcasting.positions(of: $0, over: shape) }
    var elements: [Contents.Element] = []
    for index in 0..<shape.elementCount {
      let (a, b) = (x.elements[places[1][index]], y.elements[places[2][index]])
      if let chosen = condition.elements[places[0][index]].numerator.value {
        elements.append(chosen != 0 ? a : b)
      } else if a == b {
        elements.append(a)
      } else {
        return []
      }
    }
    return [Contents(x.dtype, shape, elements)]
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let (condition, x, y) = (try operands.tensor(0, .bool), try operands.tensor(1), try operands.tensor(2))
    guard x.dtype == y.dtype else { throw OperatorError(.typeMismatch, "the branches differ in type") }
    let shape = try Broadcasting.shape([condition.shape, x.shape, y.shape])
    let places = [condition.shape, x.shape, y.shape].map { Broadcasting.positions(of: $0, over: shape) }
    let chosen = condition.elements(as: Bool.self)
    func pick<T>(_ a: [T], _ b: [T]) -> [T] {
      (0..<shape.elementCount).map { chosen[places[0][$0]] ? a[places[1][$0]] : b[places[2][$0]] }
    }
    switch x.dtype {
    case .string: return [.tensor(Tensor(strings: pick(x.strings, y.strings), shape: shape))]
    case .c64, .c128: return [.tensor(Tensor(complex: pick(x.complex(), y.complex()), x.dtype, shape))]
    case .i64, .u64:
      return [.tensor(Tensor(integers: pick(x.integers(), y.integers()), x.dtype, shape))]
    case .f64: return [.tensor(Tensor(doubles: pick(x.doubles(), y.doubles()), x.dtype, shape))]
    default: return [.tensor(Tensor(bitPatterns: pick(x.bitPatterns(), y.bitPatterns()), x.dtype, shape))]
    }
  }
}
