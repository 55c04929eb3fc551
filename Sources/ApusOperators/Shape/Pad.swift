public import ApusCore

/// Adds elements before and after each axis; negative counts remove some. Inputs: the tensor, the counts (all begins,
/// then all ends), optionally the fill value and the axes that the counts are for.
/// ONNX Pad 1, 2 (attributes), 11, 13, 18, 19, 21, 23, 24, 25.
public struct Pad: Operator {
  /// What the added elements are.
  public enum Mode: String, Hashable, Sendable, Codable {
    /// The fill value, zero by default.
    case constant
    /// The tensor mirrored at its edge, which is not repeated.
    case reflect
    /// The edge repeated.
    case edge
    /// The tensor repeated.
    case wrap
  }

  public var mode = Mode.constant

  public static var importers: [Importer] {
    [
      .onnx("Pad", since: 11) { node in Pad(mode: try mode(of: node)) },
      .onnx("Pad", since: 1, until: 10) { node, scope in
        let name = node.version == 1 && node.has("paddings") ? "paddings" : "pads"
        let pads = scope.constant(try node.require(name, node.ints(name)))
        guard let x = node.inputs.first ?? nil, let dtype = scope.type(x).tensor?.dtype else {
          throw OperatorError(.wrongInputCount, "input 0 is missing or is no tensor")
        }
        let fill = try node.float("value").map { scope.constant(Tensor(filling: $0, dtype, [])) }
        return try scope.add(Pad(mode: mode(of: node)), [x, pads, fill], for: node)
      },
    ]
  }

  private static func mode(of node: SourceNode) throws -> Mode {
    let text = try node.string("mode", default: "constant")
    guard let mode = Mode(rawValue: text) else {
      throw OperatorError(
        .unsupportedAttribute, "unknown padding mode", attribute: "mode", value: text,
        allowed: "constant, reflect, edge, wrap")
    }
    return mode
  }

  public init() {}
  public init(mode: Mode) { self.mode = mode }
  public var traits: OperatorTraits { .movesData }

  /// Counts before and after every axis of the tensor.
  static func amounts(_ pads: [Dim], axes: [Int]?, rank: Int) throws -> [(before: Dim, after: Dim)] {
    let axes = try (axes ?? Array(0..<rank)).map { try normalizedAxis($0, rank: rank, attribute: "axes") }
    guard pads.count == 2 * axes.count else {
      throw OperatorError(
        .invalidValue, "\(pads.count) counts for \(axes.count) axes", attribute: "pads",
        fix: "give one count before and one after each axis")
    }
    var amounts = [(before: Dim, after: Dim)](repeating: (0, 0), count: rank)
    for (index, axis) in axes.enumerated() { amounts[axis] = (pads[index], pads[axes.count + index]) }
    return amounts
  }

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    let x = try context.tensor(0)
    _ = try context.tensor(1)
    if let fill = context.optional(2), fill.dtype != x.dtype {
      throw OperatorError(
        .typeMismatch, "the fill value is \(fill.dtype.rawValue), the tensor \(x.dtype.rawValue)")
    }
    guard let shape = x.shape else { return [.tensor(x.dtype, nil)] }
    guard let pads = context.dims(1), !context.isPresent(3) || context.integers(3) != nil else {
      return [.tensor(x.dtype, context.unknownShape(rank: shape.count, "pad"))]
    }
    let amounts = try Self.amounts(pads, axes: context.integers(3), rank: shape.count)
    return [.tensor(x.dtype, zip(shape, amounts).map { $0 + $1.before + $1.after })]
  }

  /// Which index of an axis of `size` each index of the padded axis reads.
  private func indices(_ size: Int, before: Int, after: Int) throws -> [Int] {
    let largest = 1 << 40
    guard (-largest...largest).contains(before), (-largest...largest).contains(after) else {
      throw OperatorError(.invalidValue, "an axis is padded by \(before) and \(after)", attribute: "pads")
    }
    let sum = before + after
    try ElementMap.check([size + sum])
    let padded = 0..<(size + sum)
    if mode == .constant {
      return padded.map { $0 - before >= 0 && $0 - before < size ? $0 - before : ElementMap.fill }
    }
    guard size > 0 || padded.isEmpty else {
      throw OperatorError(.shapeMismatch, "an axis without elements cannot be padded by \(mode.rawValue)")
    }
    return padded.map { index in
      switch mode {
      case .edge: return min(max(index - before, 0), size - 1)
      case .wrap: return Self.modulo(index - before, size)
      default:
        let place = Self.modulo(index - before, max(2 * size - 2, 1))
        return place < size ? place : 2 * size - 2 - place
      }
    }
  }

  private static func modulo(_ a: Int, _ b: Int) -> Int { (a % b + b) % b }

  /// Which index of each axis the padded axis reads; below zero: the fill value.
  package func indices(_ shape: [Int], _ pads: [Int], axes: [Int]?) throws -> [[Int]] {
    let amounts = try Self.amounts(Shape(pads), axes: axes, rank: shape.count)
    return try zip(shape, amounts).map { size, amount in
      try indices(size, before: amount.before.value ?? 0, after: amount.after.value ?? 0)
    }
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let x = try operands.tensor(0)
    let indices = try indices(x.shape, operands.sizes(1), axes: operands.optionalSizes(3))
    let fill = operands.optional(2).flatMap { $0.elementCount > 0 ? $0 : nil }
    return [.tensor(try ElementMap(indices: indices, of: x.shape).apply(to: x, fill: fill))]
  }
}
