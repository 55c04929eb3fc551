import ApusCore

/// The catalogue of this family; a test finds files that are missing here.
let nnOperators: [any Operator.Type] = [
  AveragePool.self,
  BatchNormalization.self,
  Conv.self,
  Gemm.self,
  GlobalAveragePool.self,
  GlobalLpPool.self,
  GlobalMaxPool.self,
  Hardmax.self,
  LayerNormalization.self,
  Linear.self,
  LogSoftmax.self,
  LpPool.self,
  MatMul.self,
  MaxPool.self,
  Softmax.self,
]
