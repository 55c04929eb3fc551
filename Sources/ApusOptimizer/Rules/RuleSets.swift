public import ApusCore

extension RuleSet {
  /// What changes nothing goes.
  public static let noOps = RuleSet(
    "RemoveNoOps",
    [
      RemoveIdentity(), RemoveDropout(), RemoveCast(), RemoveReshape(), RemoveExpand(), RemoveTile(),
      RemoveSlice(),
      RemovePad(), RemoveConcat(), RemoveMultiplicationByOne(), RemoveAdditionOfZero(), RemoveTranspose(),
      RemoveResize(), RemoveReduction(), RemoveDoubleNegation(), RemoveWhere(), RemoveSplitConcat(),
      MergeConcats(),
      MergeCasts(), RemoveBroadcastBeforeElementwise(), RemoveSliceOfConcat(),
    ])

  /// Many spellings become one.
  public static let normalize = RuleSet(
    "Normalize",
    [
      RemoveReshape(), RemoveTranspose(), MergeReshapes(), ReplaceByConstantReshape(), MergeTransposes(),
      ReplaceGatherByReshape(), ReplaceByConstantResize(),
      ReplaceCastLikeByCast(), ReplaceFlexAttention(), ReplaceMeanByGlobalAveragePool(),
      ReplaceMatMulByLinear(), ReplaceGemmByLinear(), ReplaceSumOfStackByAdd(),
    ])

  /// Activations of several nodes become one node, through which a transposition can move.
  public static let activations = RuleSet(
    "RecognizeActivations",
    [RecognizeSwish(), RecognizeHardSigmoid(), RecognizeHardSwish(), RecognizeGelu()])

  /// Transpositions move towards the outputs, where they meet others and cancel.
  public static let layout = RuleSet(
    "SinkTransposes",
    [
      RemoveTranspose(), MergeTransposes(), SinkTransposeThroughSplit(), SinkTransposeThroughGather(),
      SinkTransposeThroughSqueeze(), SinkTransposeThroughElementwise(), SinkTransposeThroughConcat(),
      SinkTransposeThroughPad(), SinkTransposeThroughReduction(),
    ])

  /// Transposes that move no element, once none of them sinks any further and meets its inverse.
  public static let reshapes = RuleSet(
    "MergeReshapes",
    [ReplaceTransposeByReshape(), RemoveReshape(), MergeReshapes(), SinkUnsqueezeThroughConcat()])

  /// Operators that exporters took apart come back.
  public static let recognize = RuleSet(
    "Recognize",
    [
      RecognizeFloorDivision(), RecognizeSwish(), RecognizeHardSigmoid(), RecognizeHardSwish(),
      RecognizeGelu(),
      RecognizeLayerNormalization(),
      RecognizeRMSNormalization(), FuseNormalizationScale(), FuseNormalizationBias(), RecognizeAttention(),
      AbsorbHeadSplit(), FoldScaleIntoAttention(),
    ])

  /// Heavy operators take in what is around them.
  public static let fuse = RuleSet(
    "Fuse",
    [FusePad(), FuseBatchNormalization(), FuseScale(), FuseBias(), FuseResidual(), FuseActivation()])

  /// What fusion could not use in its original form gets the cheapest one.
  public static let strength = RuleSet(
    "ReduceStrength",
    [
      ReplaceBatchNormalizationByMulAdd(), ReplaceDivByMul(), ReplacePow(), ComputeBeforeGather(),
      SinkReshapeThroughTranspose(), MergeReshapes(), RemoveReshape(),
    ])
}
