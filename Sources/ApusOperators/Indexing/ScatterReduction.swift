import ApusCore

/// What becomes of an element that an update meets.
public enum ScatterReduction: String, Hashable, Sendable, Codable {
  case none, add, mul, max, min

  /// The attribute `reduction` of a node.
  static func of(_ node: SourceNode) throws -> ScatterReduction {
    let text = try node.string("reduction", default: "none")
    guard let reduction = ScatterReduction(rawValue: text) else {
      throw OperatorError(
        .unsupportedAttribute, "unknown reduction", attribute: "reduction", value: text,
        allowed: "none, add, mul, max, min")
    }
    return reduction
  }

  /// Data with `updates[i]` applied at `positions[i]`, in order.
  func apply(_ data: Tensor, _ positions: [Int], _ updates: Tensor) throws -> Tensor {
    guard updates.elementCount == positions.count, updates.dtype == data.dtype else {
      throw OperatorError(
        .shapeMismatch,
        "\(updates.elementCount) updates of type \(updates.dtype.rawValue) for \(positions.count) places")
    }
    if self == .none {
      var sources = Array(0..<data.elementCount)
      for (index, position) in positions.enumerated() { sources[position] = data.elementCount + index }
      return try ElementMap(shape: data.shape) { sources }
        .apply(to: Tensor.joined([data, updates], data.dtype))
    }
    if data.dtype == .string || data.dtype.isComplex {
      throw OperatorError(
        .unsupportedType, "\(data.dtype.rawValue) cannot be reduced", attribute: "reduction")
    }
    if data.dtype.isFloat {
      var elements = data.doubles()
      for (position, update) in zip(positions, updates.doubles()) {
        elements[position] = reduce(elements[position], update)
      }
      return Tensor(doubles: elements, data.dtype, data.shape)
    }
    var elements = data.integers()
    for (position, update) in zip(positions, updates.integers()) {
      elements[position] = reduce(elements[position], update, unsigned: data.dtype == .u64)
    }
    return Tensor(integers: elements, data.dtype, data.shape)
  }

  private func reduce(_ a: Double, _ b: Double) -> Double {
    switch self {
    case .none: b
    case .add: a + b
    case .mul: a * b
    case .max: a.isNaN || b.isNaN ? .nan : Swift.max(a, b)
    case .min: a.isNaN || b.isNaN ? .nan : Swift.min(a, b)
    }
  }

  private func reduce(_ a: Int64, _ b: Int64, unsigned: Bool) -> Int64 {
    let below = unsigned ? UInt64(bitPattern: a) < UInt64(bitPattern: b) : a < b
    return switch self {
    case .none: b
    case .add: a &+ b
    case .mul: a &* b
    case .max: below ? b : a
    case .min: below ? a : b
    }
  }
}
