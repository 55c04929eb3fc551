import ApusCore
import ApusTactics

extension TacticNode {
  /// Why kernels of FP32 and BF16 cannot serve the first input.
  var typeRefusal: String? {
    guard let dtype else { return "no first input" }
    guard dtype == .f32 || dtype == .bf16 else { return "element type \(dtype.rawValue)" }
    return nil
  }

  /// Why an optional input cannot be packed; nil when it is constant or left out.
  func packingRefusal(_ index: Int, _ what: String) -> String? {
    isPresent(index) && constant(index) == nil ? "the \(what) is computed at run time" : nil
  }

  /// Layouts that name a few inputs; the others, and inputs that are packed, have none.
  func signature(_ inputs: [Int: Layout], outputs: Layout) -> LayoutSignature {
    LayoutSignature(
      inputs: self.inputs.indices.map { inputs[$0] }, outputs: self.outputs.map { _ in outputs })
  }

  /// The error of a tactic that was asked to build what it does not support.
  func mismatch(_ tactic: some Tactic) -> ApusError {
    ApusError(.internal, Problem(.internalError, "\(tactic.name) was given another node", node: name))
  }
}

extension Tensor {
  /// Elements in FP32.
  func floats() -> [Float] { dtype == .f32 ? elements() : doubles().map { Float($0) } }

  /// The tensor in FP32.
  func inFloat32() -> Tensor { dtype == .f32 ? self : Tensor(floats(), shape: shape) }
}
