import ApusCore

/// The catalogue of this family; a test finds files that are missing here.
let detectionOperators: [any Operator.Type] = [
  BatchedNMS.self,
  BoxSuppression.self,
  EfficientNMS.self,
  ModulatedDeformConv2d.self,
  MultiscaleRoiAlign.self,
  RetinaNetDecode.self,
  RetinaNetNMS.self,
]
