import ApusCore

/// The catalogue of this family; a test finds files that are missing here.
let visionOperators: [any Operator.Type] = [
  AffineGrid.self,
  Col2Im.self,
  GridSample.self,
  MaxRoiPool.self,
  MaxUnpool.self,
  NonMaxSuppression.self,
  Resize.self,
  RoiAlign.self,
]
