import ApusTactics

extension CUDAContext {
  /// Tactics of forms that no specialised kernel takes.
  var generalTactics: [any Tactic] {
    [
      ConvDirect(context: self),
      ConvTransposeDirect(context: self),
      DynamicQuantize(context: self),
      GridSampleDirect(context: self),
      MatMulGeneral(context: self),
      PoolingDirect(context: self),
      QuantizeElements(context: self),
      QuantizedProducts(context: self),
      ResizeGeneral(context: self),
    ]
  }
}
