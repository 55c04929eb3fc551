import ApusCore

/// The catalogue of this family; a test finds files that are missing here.
let shapeOperators: [any Operator.Type] = [
  Reshape.self,
  ShapeOf.self,
  Unsqueeze.self,
]
