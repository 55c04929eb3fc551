import ApusCore

/// The catalogue of this family; a test finds files that are missing here.
let indexingOperators: [any Operator.Type] = []
