import ApusCore

/// The catalogue of this family; a test finds files that are missing here.
let reductionOperators: [any Operator.Type] = [
  ArgMax.self,
  ArgMin.self,
  CumProd.self,
  CumSum.self,
  ReduceL1.self,
  ReduceL2.self,
  ReduceLogSum.self,
  ReduceLogSumExp.self,
  ReduceMax.self,
  ReduceMean.self,
  ReduceMin.self,
  ReduceProd.self,
  ReduceSum.self,
  ReduceSumSquare.self,
]
