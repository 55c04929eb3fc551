public import ApusCore

/// Moves a tensor between the host's memory and a device's: made by lowering where a plan crosses the border.
public struct DeviceCopy: Operator {
  public static let name = "DeviceCopy"

  /// Where the tensor goes.
  public var to = PlanValue.Place.device

  public init() {}
  public init(to: PlanValue.Place) { self.to = to }

  public func infer(_ context: InferenceContext) throws -> [ValueType] { [.tensor(try context.tensor(0))] }

  public func evaluate(_ operands: Operands) throws -> [Value] { [.tensor(try operands.tensor(0))] }
}
