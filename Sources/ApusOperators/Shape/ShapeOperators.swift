import ApusCore

/// The catalogue of this family; a test finds files that are missing here.
let shapeOperators: [any Operator.Type] = [
  CenterCropPad.self,
  Concat.self,
  DepthToSpace.self,
  Expand.self,
  Flatten.self,
  Pad.self,
  Reshape.self,
  ReverseSequence.self,
  ShapeExpression.self,
  ShapeOf.self,
  Size.self,
  Slice.self,
  SpaceToDepth.self,
  Split.self,
  Squeeze.self,
  Tile.self,
  Transpose.self,
  Trilu.self,
  Unsqueeze.self,
]
