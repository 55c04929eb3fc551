/// Inputs of a reference evaluation.
public struct Operands: Sendable {
  /// nil: an optional input that is absent.
  public let values: [Value?]
  /// How many outputs the node has; references may leave later ones out.
  public let outputCount: Int

  public init(_ values: [Value?], outputCount: Int = 1) {
    self.values = values
    self.outputCount = outputCount
  }

  public init(_ tensors: [Tensor?], outputCount: Int = 1) {
    self.init(tensors.map { $0.map(Value.tensor) }, outputCount: outputCount)
  }

  public var count: Int { values.count }

  public func isPresent(_ index: Int) -> Bool { index < values.count && values[index] != nil }

  /// The tensor at `index`; throws when it is absent or no tensor.
  public func tensor(_ index: Int) throws -> Tensor {
    guard let tensor = optional(index) else {
      throw OperatorError(.wrongInputCount, "input \(index) is missing or no tensor")
    }
    return tensor
  }

  /// The tensor at `index`, or nil.
  public func optional(_ index: Int) -> Tensor? { value(index)?.tensor }

  public func value(_ index: Int) -> Value? { index < values.count ? values[index] : nil }

  /// All present tensors, in order.
  public var tensors: [Tensor] { values.compactMap { $0?.tensor } }
}
