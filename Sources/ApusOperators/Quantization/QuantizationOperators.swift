import ApusCore

/// The catalogue of this family; a test finds files that are missing here.
let quantizationOperators: [any Operator.Type] = [
  ConvInteger.self,
  DequantizeLinear.self,
  DynamicQuantizeLinear.self,
  MatMulInteger.self,
  QLinearConv.self,
  QLinearMatMul.self,
  QuantizeLinear.self,
]
