import ApusCore
import ApusOperators

/// How far the outputs of a case may be from what is expected, and why where that is more than usual.
public struct CaseTolerance: Sendable, Hashable, Codable {
  public var rtol: Double
  public var atol: Double
  /// Why `atol` is not the one that was asked for.
  public var reason: String?

  public init(rtol: Double, atol: Double, reason: String? = nil) {
    self.rtol = rtol
    self.atol = atol
    self.reason = reason
  }

  /// For one output of a case.
  ///
  /// The elements of a Fourier transform are sums over a whole line that may cancel: data kept in FP32 has rounding
  /// noise of some units in the last place of the largest element where the exact result is 0.
  init(_ expected: Value, of graph: Graph, rtol: Double, atol: Double) {
    guard let tensor = expected.tensor else {
      self.init(rtol: rtol, atol: atol)
      return
    }
    self.init(tensor.dtype, rtol: rtol, atol: atol)
    if tensor.dtype == .f32, graph.allNodes.contains(where: { $0.op is DFT || $0.op is STFT }) {
      let largest = tensor.doubles().lazy.map(abs).filter(\.isFinite).max() ?? 0
      raise(to: 4 * Double(Float.ulpOfOne) * largest, "sums of a Fourier transform cancel in FP32")
    }
  }

  /// For elements of a type.
  init(_ dtype: DType, rtol: Double, atol: Double) {
    self.init(rtol: rtol, atol: atol)
    switch dtype {
    case .f16: raise(to: 1e-3, "FP16 holds three digits")
    case .bf16: raise(to: 1e-2, "bfloat16 holds two digits")
    default: break
    }
  }

  private mutating func raise(to value: Double, _ reason: String) {
    guard value > atol else { return }
    (atol, self.reason) = (value, reason)
  }
}
