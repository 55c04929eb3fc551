import ApusCore

/// The catalogue of this family; a test finds files that are missing here.
let elementwiseOperators: [any Operator.Type] = [
  Add.self,
  Relu.self,
]
