import ApusCore

/// An element type in `elements.cuh`.
extension DType {
  /// nil for types that no kernel reads.
  var kernelName: String? {
    switch self {
    case .c64, .c128, .string: nil
    default: "Element_\(rawValue)"
    }
  }

  /// Floating point of sixteen bits and more.
  var isComputed: Bool { isFloat && !isMiniFloat }

  /// What sums of this type are held in.
  var wideName: String { self == .f64 ? "double" : isFloat ? "float" : "long long" }

  /// A double rounded to this type; unchanged for integers.
  func rounded(_ x: String) -> String {
    switch self {
    case .f16: "(double)F16::load(F16::store(roundedToOdd(\(x))))"
    case .bf16: "(double)BF16::load(BF16::store(roundedToOdd(\(x))))"
    case .f32: "(double)(float)(\(x))"
    default: x
    }
  }
}
