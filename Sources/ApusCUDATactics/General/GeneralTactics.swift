import ApusTactics

extension CUDAContext {
  /// Tactics of forms that no specialised kernel takes.
  var generalTactics: [any Tactic] {
    [
      AffineGridPlaces(context: self),
      ArgReduceAxis(context: self),
      AxisLineMap(context: self),
      CastElements(context: self),
      ChannelNeighbours(context: self),
      ColumnsToImage(context: self),
      ConvDirect(context: self),
      ConvTransposeDirect(context: self),
      CopyElements(context: self),
      DeformableConvDirect(context: self),
      Determinants(context: self),
      DynamicQuantize(context: self),
      FourierDirect(context: self),
      GridSampleDirect(context: self),
      MatMulGeneral(context: self),
      NormalizeGroups(context: self),
      PoolingDirect(context: self),
      QuantizeElements(context: self),
      QuantizedProducts(context: self),
      RecurrentSequence(context: self),
      ReduceAxes(context: self),
      ResizeGeneral(context: self),
      TopKByRank(context: self),
      UnpoolScatter(context: self),
    ]
  }
}
