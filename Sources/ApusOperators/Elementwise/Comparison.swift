public import ApusCore

/// A comparison of two tensors of one element type, with broadcasting; the result is bool.
public protocol Comparison: Operator {
  static var elementTypes: ElementTypes { get }
  func compare(_ a: Double, _ b: Double) -> Bool
  func compare(_ a: Int64, _ b: Int64) -> Bool
  func compare(_ a: String, _ b: String) -> Bool
}

extension Comparison {
  public static var elementTypes: ElementTypes { .numbers }
  public var traits: OperatorTraits { .elementwise }
  public func compare(_ a: String, _ b: String) -> Bool { false }

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    [.tensor(.bool, try context.broadcast(Self.elementTypes, count: 2).shape)]
  }

  /// Decides where the difference is a number, or where a size meets a number below zero.
  public func propagate(_ context: InferenceContext) -> [Contents?] {
    guard let a = context.contents(0), let b = context.contents(1),
      let shape = try? Broadcasting.shape([a.shape, b.shape]), shape.elementCount <= Contents.limit
    else { return [] }
    let (x, y) = (
      Broadcasting.positions(of: a.shape, over: shape), Broadcasting.positions(of: b.shape, over: shape)
    )
    var elements: [Contents.Element] = []
    for (i, j) in zip(x, y) {
      let difference = (a.elements[i] - b.elements[j]).numerator
      let sign: Int
      if let value = difference.value {
        sign = value.signum()
      } else if (difference - 1).isNonNegative {
        sign = 1
      } else if (Dim.constant(-1) - difference).isNonNegative {
        sign = -1
      } else {
        return []
      }
      elements.append(Contents.Element(compare(Int64(sign), 0) ? 1 : 0))
    }
    return [Contents(.bool, shape, elements)]
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let (a, b) = (try operands.tensor(0, Self.elementTypes), try operands.tensor(1, Self.elementTypes))
    guard a.dtype == b.dtype else {
      throw OperatorError(.typeMismatch, "operands are \(a.dtype.rawValue) and \(b.dtype.rawValue)")
    }
    let shape = try Broadcasting.shape([a.shape, b.shape])
    let places = zip(
      Broadcasting.positions(of: a.shape, over: shape), Broadcasting.positions(of: b.shape, over: shape))
    let results: [Bool]
    if a.dtype == .string {
      results = places.map { compare(a.strings[$0], b.strings[$1]) }
    } else if a.dtype.isInteger || a.dtype == .bool {
      // Flipping the top bit orders UInt64 as Int64.
      let flip = a.dtype == .u64 ? Int64.min : 0
      let (p, q) = (a.integers(), b.integers())
      results = places.map { compare(p[$0] ^ flip, q[$1] ^ flip) }
    } else {
      let (p, q) = (a.doubles(), b.doubles())
      results = places.map { compare(p[$0], q[$1]) }
    }
    return [.tensor(Tensor(results, shape: shape))]
  }
}
