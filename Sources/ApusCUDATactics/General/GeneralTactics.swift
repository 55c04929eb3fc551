import ApusTactics

extension CUDAContext {
  /// Tactics of forms that no specialised kernel takes.
  var generalTactics: [any Tactic] {
    [
      ArgReduceAxis(context: self),
      AxisLineMap(context: self),
      CastElements(context: self),
      ConvDirect(context: self),
      ConvTransposeDirect(context: self),
      DynamicQuantize(context: self),
      GridSampleDirect(context: self),
      MatMulGeneral(context: self),
      NormalizeGroups(context: self),
      PoolingDirect(context: self),
      QuantizeElements(context: self),
      QuantizedProducts(context: self),
      ReduceAxes(context: self),
      ResizeGeneral(context: self),
    ]
  }
}
