import ApusTactics

extension CUDAContext {
  /// Tactics of forms that no specialised kernel takes.
  var generalTactics: [any Tactic] {
    [
      AffineGridPlaces(context: self),
      ArgReduceAxis(context: self),
      AttentionRows(context: self),
      AxisLineMap(context: self),
      CastElements(context: self),
      CausalConvolution(context: self),
      ChannelNeighbours(context: self),
      ClassLosses(context: self),
      ColumnsToImage(context: self),
      ConvDirect(context: self),
      ConvTransposeDirect(context: self),
      CopyElements(context: self),
      CumulateAxis(context: self),
      DeformableConvDirect(context: self),
      Determinants(context: self),
      DynamicQuantize(context: self),
      FourierDirect(context: self),
      GatherByElement(context: self),
      GridSampleDirect(context: self),
      LinearAttentionColumns(context: self),
      MatMulGeneral(context: self),
      MoveElements(context: self),
      NormalizeGroups(context: self),
      PoolingDirect(context: self),
      QuantizeElements(context: self),
      QuantizedProducts(context: self),
      RecurrentSequence(context: self),
      ReduceAxes(context: self),
      ResizeGeneral(context: self),
      RotaryFeatures(context: self),
      ScatterUpdates(context: self),
      TopKByRank(context: self),
      UnpoolScatter(context: self),
    ]
  }
}
