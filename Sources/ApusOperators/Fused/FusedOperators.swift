import ApusCore

/// The catalogue of this family; a test finds files that are missing here.
let fusedOperators: [any Operator.Type] = [
  ConvSqueezeExcitation.self,
  GatedConv.self,
  PackedAttention.self,
  PaddedSuppression.self,
  Pointwise.self,
  PyramidConv.self,
  RetinaNetDetection.self,
  ScaledDotProductAttention.self,
  SqueezeExcitation.self,
]
