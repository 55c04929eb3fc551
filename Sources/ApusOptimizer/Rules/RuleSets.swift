public import ApusCore

extension RuleSet {
  /// What changes nothing goes.
  public static let noOps = RuleSet(
    "RemoveNoOps",
    [
      RemoveIdentity(), RemoveDropout(), RemoveCast(), RemoveReshape(), RemoveExpand(), RemoveTile(),
      RemoveSlice(),
      RemovePad(), RemoveConcat(), RemoveMultiplicationByOne(), RemoveAdditionOfZero(), RemoveTranspose(),
      RemoveResize(), RemoveReduction(), RemoveDoubleNegation(),
    ])

  /// Many spellings become one.
  public static let normalize = RuleSet(
    "Normalize",
    [
      RemoveReshape(), RemoveTranspose(), MergeReshapes(), ReplaceByConstantReshape(), MergeTransposes(),
      ReplaceTransposeByReshape(), ReplaceMeanByGlobalAveragePool(), ReplaceMatMulByLinear(),
      ReplaceGemmByLinear(),
    ])

  /// Operators that exporters took apart come back.
  public static let recognize = RuleSet(
    "Recognize",
    [
      RecognizeSwish(), RecognizeHardSigmoid(), RecognizeHardSwish(), RecognizeGelu(),
      RecognizeLayerNormalization(), RecognizeRMSNormalization(), FuseNormalizationScale(),
      FuseNormalizationBias(),
    ])

  /// Heavy operators take in what is around them.
  public static let fuse = RuleSet(
    "Fuse",
    [FusePad(), FuseBatchNormalization(), FuseScale(), FuseBias(), FuseResidual(), FuseActivation()])

  /// What fusion could not use in its original form.
  public static let leftovers = RuleSet("Leftovers", [ReplaceBatchNormalizationByMulAdd()])
}
