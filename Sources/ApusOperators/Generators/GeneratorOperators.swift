import ApusCore

/// The catalogue of this family; a test finds files that are missing here.
let generatorOperators: [any Operator.Type] = [
  Bernoulli.self,
  BlackmanWindow.self,
  Constant.self,
  ConstantOfShape.self,
  Dropout.self,
  EyeLike.self,
  HammingWindow.self,
  HannWindow.self,
  MelWeightMatrix.self,
  Multinomial.self,
  RandomNormal.self,
  RandomNormalLike.self,
  RandomUniform.self,
  RandomUniformLike.self,
  RangeOf.self,
]
