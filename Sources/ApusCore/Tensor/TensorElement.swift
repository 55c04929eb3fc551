/// Swift types whose memory is one tensor element.
public protocol TensorElement: BitwiseCopyable {
  static var dtype: DType { get }
}

extension Float: TensorElement { public static var dtype: DType { .f32 } }
extension Double: TensorElement { public static var dtype: DType { .f64 } }
extension Int8: TensorElement { public static var dtype: DType { .i8 } }
extension Int16: TensorElement { public static var dtype: DType { .i16 } }
extension Int32: TensorElement { public static var dtype: DType { .i32 } }
extension Int64: TensorElement { public static var dtype: DType { .i64 } }
extension UInt8: TensorElement { public static var dtype: DType { .u8 } }
extension UInt16: TensorElement { public static var dtype: DType { .u16 } }
extension UInt32: TensorElement { public static var dtype: DType { .u32 } }
extension UInt64: TensorElement { public static var dtype: DType { .u64 } }
extension Bool: TensorElement { public static var dtype: DType { .bool } }

/// A complex number in double precision.
public struct Complex: Hashable, Sendable {
  public var real: Double
  public var imaginary: Double

  public init(_ real: Double, _ imaginary: Double) {
    self.real = real
    self.imaginary = imaginary
  }

  public static func + (a: Complex, b: Complex) -> Complex {
    Complex(a.real + b.real, a.imaginary + b.imaginary)
  }
  public static func - (a: Complex, b: Complex) -> Complex {
    Complex(a.real - b.real, a.imaginary - b.imaginary)
  }
  public static func * (a: Complex, b: Complex) -> Complex {
    Complex(a.real * b.real - a.imaginary * b.imaginary, a.real * b.imaginary + a.imaginary * b.real)
  }
}

extension Tensor {
  /// Elements of a complex tensor; other numeric types have imaginary part zero.
  public func complex() -> [Complex] {
    switch dtype {
    case .c64:
      withUnsafeBytes { bytes in
        (0..<elementCount).map {
          Complex(
            Double(bytes.loadUnaligned(fromByteOffset: $0 * 8, as: Float.self)),
            Double(bytes.loadUnaligned(fromByteOffset: $0 * 8 + 4, as: Float.self)))
        }
      }
    case .c128:
      withUnsafeBytes { bytes in
        (0..<elementCount).map {
          Complex(
            bytes.loadUnaligned(fromByteOffset: $0 * 16, as: Double.self),
            bytes.loadUnaligned(fromByteOffset: $0 * 16 + 8, as: Double.self))
        }
      }
    default: doubles().map { Complex($0, 0) }
    }
  }

  /// A complex tensor; a real `dtype` keeps the real parts.
  public init(complex: [Complex], _ dtype: DType, _ shape: [Int]) {
    switch dtype {
    case .c64:
      self.init(dtype, shape) { bytes in
        for (index, value) in complex.enumerated() {
          bytes.storeBytes(of: Float(value.real), toByteOffset: index * 8, as: Float.self)
          bytes.storeBytes(of: Float(value.imaginary), toByteOffset: index * 8 + 4, as: Float.self)
        }
      }
    case .c128:
      self.init(dtype, shape) { bytes in
        for (index, value) in complex.enumerated() {
          bytes.storeBytes(of: value.real, toByteOffset: index * 16, as: Double.self)
          bytes.storeBytes(of: value.imaginary, toByteOffset: index * 16 + 8, as: Double.self)
        }
      }
    default: self.init(doubles: complex.map(\.real), dtype, shape)
    }
  }
}
