import ApusCore

/// The catalogue of this family; a test finds files that are missing here.
let indexingOperators: [any Operator.Type] = [
  Compress.self,
  Gather.self,
  GatherElements.self,
  GatherND.self,
  NonZero.self,
  OneHot.self,
  ScatterElements.self,
  ScatterND.self,
  TensorScatter.self,
  TopK.self,
  Unique.self,
]
