import ApusCore

/// The catalogue of this family; a test finds files that are missing here.
let recurrentOperators: [any Operator.Type] = [
  GRU.self,
  LSTM.self,
  RNN.self,
]
