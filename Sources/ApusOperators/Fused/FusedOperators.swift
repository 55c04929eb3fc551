import ApusCore

/// The catalogue of this family; a test finds files that are missing here.
let fusedOperators: [any Operator.Type] = [
  Pointwise.self,
  ScaledDotProductAttention.self,
]
