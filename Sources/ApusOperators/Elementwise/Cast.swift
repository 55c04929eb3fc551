public import ApusCore
import Glibc

/// Conversion of every element to another type. ONNX Cast 1, 6, 9, 13, 19, 21, 23, 24, 25.
///
/// Floats are cut towards zero on the way to integers, integers keep their low bits, and floats are rounded to nearest
/// even; `saturate` clamps to the largest finite value of the 8-bit floats, `roundMode` is for `f8e8m0` only.
public struct Cast: Operator {
  public enum RoundMode: String, Hashable, Sendable, Codable { case up, down, nearest }

  public var to = DType.f32
  public var saturate = true
  public var roundMode = RoundMode.up

  public static var importers: [Importer] {
    [
      .onnx("Cast") { node in
        var op = Cast(to: try node.require("to", node.dtype("to")))
        op.saturate = try node.bool("saturate", default: true)
        op.roundMode = try roundMode(node)
        return op
      }
    ]
  }

  public init() {}
  public init(to: DType) { self.to = to }

  static func roundMode(_ node: SourceNode) throws -> RoundMode {
    let text = try node.string("round_mode", default: "up")
    guard let mode = RoundMode(rawValue: text) else {
      throw OperatorError(
        .invalidAttribute, "unknown rounding", attribute: "round_mode", value: text,
        allowed: "up, down, nearest")
    }
    return mode
  }

  public var traits: OperatorTraits { .elementwise }

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    let x = try context.tensor(0)
    guard !x.dtype.isComplex && !to.isComplex else {
      throw OperatorError(.unsupportedType, "complex numbers cannot be cast")
    }
    return [.tensor(to, x.shape)]
  }

  public func propagate(_ context: InferenceContext) -> [Contents?] {
    guard let x = context.contents(0) else { return [] }
    // Sizes are far below what any of these types holds exactly enough for shape arithmetic.
    let wide: Set<DType> = [.i64, .i32, .u64, .u32, .f64, .f32, .f16, .bf16]
    guard wide.contains(to) else { return evaluatedContents(context) }
    if to.isFloat || x.dtype.isInteger || x.dtype == .bool { return [Contents(to, x.shape, x.elements)] }
    guard x.elements.allSatisfy({ $0.numerator.isNonNegative }) else { return evaluatedContents(context) }
    return [Contents(to, x.shape, x.elements.map(\.floor))]
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let x = try operands.tensor(0)
    guard !x.dtype.isComplex && !to.isComplex else {
      throw OperatorError(.unsupportedType, "complex numbers cannot be cast")
    }
    return [.tensor(ElementConversion(to: to, saturate: saturate, roundMode: roundMode).convert(x))]
  }
}

/// Element conversion as Cast defines it.
struct ElementConversion {
  var to: DType
  var saturate = true
  var roundMode = Cast.RoundMode.up

  func convert(_ x: Tensor) -> Tensor {
    if x.dtype == to { return x }
    if to == .string { return Tensor(strings: texts(x), shape: x.shape) }
    if x.dtype == .string {
      if to.isInteger { return Tensor(integers: x.strings.map(integer), to, x.shape) }
      return fromDoubles(x.strings.map { number($0) }, x.shape)
    }
    if to == .bool { return Tensor(x.doubles().map { $0 != 0 }, shape: x.shape) }
    if x.dtype.isInteger || x.dtype == .bool {
      if to.isInteger { return Tensor(integers: x.integers(), to, x.shape) }
      // Straight to Float: through Double, integers above 2^53 would be rounded twice.
      if x.dtype == .i64 && to == .f32 { return Tensor(x.integers().map { Float($0) }, shape: x.shape) }
      if x.dtype == .u64 && to == .f32 {
        return Tensor(x.elements(as: UInt64.self).map { Float($0) }, shape: x.shape)
      }
    }
    return fromDoubles(x.doubles(), x.shape)
  }

  private func fromDoubles(_ values: [Double], _ shape: [Int]) -> Tensor {
    if to == .f8e8m0 { return Tensor(bitPatterns: values.map(scaleBits), to, shape) }
    guard to.isMiniFloat else { return Tensor(doubles: values, to, shape) }
    let encode = SmallFloat.encoder(to, saturate: saturate)
    return Tensor(bitPatterns: values.map(encode), to, shape)
  }

  /// E8M0 holds powers of two from 2^-127 (code 0) to 2^127 (code 254).
  private func scaleBits(_ value: Double) -> UInt32 {
    let nan: UInt32 = 255
    if value.isNaN { return nan }
    let magnitude = abs(value)
    if magnitude.isInfinite { return saturate ? 254 : nan }
    if magnitude == 0 { return saturate ? 0 : nan }
    var exponent = Int(magnitude.exponent)
    switch roundMode {
    case .up: if magnitude.significand > 1 { exponent += 1 }
    case .down: break
    case .nearest: if magnitude.significand >= 1.5 { exponent += 1 }
    }
    if exponent < -127 { return saturate ? 0 : nan }
    if exponent > 127 { return saturate ? 254 : nan }
    return UInt32(exponent + 127)
  }

  private func texts(_ x: Tensor) -> [String] {
    switch x.dtype {
    case .bool: x.integers().map { $0 == 0 ? "False" : "True" }
    case .u64: x.elements(as: UInt64.self).map { String($0) }
    case _ where x.dtype.isInteger: x.integers().map { String($0) }
    case .f64: x.doubles().map { text($0, plain: "\($0)") }
    default: x.doubles().map { text($0, plain: "\(Float($0))") }
    }
  }

  /// Shortest digits that give the number back; NumPy's names for what is not finite.
  private func text(_ value: Double, plain: String) -> String {
    if value.isNaN { return "nan" }
    return value.isInfinite ? (value < 0 ? "-inf" : "inf") : plain
  }

  private func integer(_ text: String) -> Int64 {
    Int64(text) ?? UInt64(text).map { Int64(bitPattern: $0) }
      ?? Tensor(doubles: [number(text)], .i64, [1]).integers()[0]
  }

  private func number(_ text: String) -> Double {
    to == .f32 ? Float(text).map { Double($0) } ?? Double(text) ?? .nan : Double(text) ?? .nan
  }
}
