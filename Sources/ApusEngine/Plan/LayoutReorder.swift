public import ApusCore

/// A change of memory layout: the same logical tensor. Only plans hold it, never graphs.
public struct LayoutReorder: Operator {
  public var from = Layout.rowMajor
  public var to = Layout.channelsLast

  public init() {}

  public init(from: Layout, to: Layout) {
    self.from = from
    self.to = to
  }

  public func infer(_ context: InferenceContext) throws -> [ValueType] { [.tensor(try context.tensor(0))] }
  public func evaluate(_ operands: Operands) throws -> [Value] { [.tensor(try operands.tensor(0))] }
}
