public import ApusCore

/// The tensors of a sequence joined along `axis`, or stacked along a new one. ONNX ConcatFromSequence 11.
public struct ConcatFromSequence: Operator {
  public var axis = 0
  /// Whether `axis` is inserted.
  public var isNewAxis = false

  public static var importers: [Importer] {
    [
      .onnx("ConcatFromSequence", since: 11) { node in
        ConcatFromSequence(
          axis: try node.require("axis", node.int("axis")),
          isNewAxis: try node.bool("new_axis", default: false))
      }
    ]
  }

  public init() {}
  public init(axis: Int, isNewAxis: Bool) {
    self.axis = axis
    self.isNewAxis = isNewAxis
  }

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    guard let element = try context.sequenceElement(0).tensor else {
      throw OperatorError(.typeMismatch, "only sequences of tensors can be joined")
    }
    guard var shape = element.shape else { return [.tensor(element.dtype, nil)] }
    let axis = try normalizedAxis(axis, rank: shape.count + (isNewAxis ? 1 : 0))
    let size = context.fresh("concat")
    if isNewAxis { shape.insert(size, at: axis) } else { shape[axis] = size }
    return [.tensor(element.dtype, shape)]
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let tensors = try operands.sequence(0).items.map { try $0.required() }
    guard let first = tensors.first, tensors.allSatisfy({ $0.dtype == first.dtype }) else {
      throw OperatorError(.invalidValue, "the sequence is empty, or its tensors differ in type")
    }
    return [
      .tensor(try isNewAxis ? Tensor.stacked(tensors, axis: axis) : Concat.join(tensors, axis: axis))
    ]
  }
}
