import ApusCUDA
import ApusOperators
import ApusCore

/// A fused activation in a general kernel.
struct GeneralActivation {
  private let activation: KernelActivation

  /// Throws for types that activations are not computed in.
  init(_ activation: Activation, _ dtype: DType, _ node: ConcreteNode) throws {
    self.activation = KernelActivation(activation)
    guard activation.kind == .none || dtype != .f64 && dtype.isComputed else {
      throw node.refusal("a fused activation of \(dtype.rawValue)")
    }
  }

  var prologue: String {
    activation == .none ? "" : "#define FAST_MATH 0\n#include \"activation.cuh\""
  }

  func apply(_ x: String) -> String {
    guard activation != .none else { return x }
    let code = activation.code
    return
      "activate<\(code.kind)>(\(x), (float)\(literal(Double(code.alpha))), (float)\(literal(Double(code.beta))))"
  }
}
