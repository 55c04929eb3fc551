import ApusCore

/// The catalogue of this family; a test finds files that are missing here.
let sequenceOperators: [any Operator.Type] = [
  ConcatFromSequence.self,
  OptionalGetElement.self,
  OptionalHasElement.self,
  OptionalOf.self,
  SequenceAt.self,
  SequenceConstruct.self,
  SequenceEmpty.self,
  SequenceErase.self,
  SequenceInsert.self,
  SequenceLength.self,
  SplitToSequence.self,
]
