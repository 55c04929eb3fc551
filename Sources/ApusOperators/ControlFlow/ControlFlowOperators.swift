import ApusCore

/// The catalogue of this family; a test finds files that are missing here.
let controlFlowOperators: [any Operator.Type] = [
  BatchedScan.self,
  If.self,
  Loop.self,
  Scan.self,
  SequenceMap.self,
]
