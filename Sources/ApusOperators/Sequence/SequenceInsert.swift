public import ApusCore

/// The sequence with a tensor put in before a position, or at the end. ONNX SequenceInsert 11.
public struct SequenceInsert: Operator {
  public static var importers: [Importer] {
    [.onnx("SequenceInsert", since: 11) { _ in SequenceInsert() }]
  }

  public init() {}

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    let tensor = try context.tensor(1)
    return [.sequence(try context.commonElement(context.elementType(0), .tensor(tensor)))]
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    var (items, element) = try operands.sequence(0)
    let tensor = try operands.tensor(1)
    if element.tensor?.dtype != tensor.dtype {
      throw OperatorError(.typeMismatch, "\(tensor.type) does not fit into a sequence of \(element)")
    }
    // A position equal to the count is the end; from -count on, positions count backwards.
    let wanted = operands.optionalSizes(2)?.first ?? items.count
    let place = wanted < 0 ? wanted + items.count : wanted
    guard place >= 0, place <= items.count else {
      throw OperatorError(
        .invalidValue, "position \(wanted) is outside a sequence of \(items.count) elements")
    }
    items.insert(.tensor(tensor), at: place)
    let fits = items.allSatisfy { $0.tensor?.shape == tensor.shape }
    element = fits ? .tensor(tensor.type) : .tensor(tensor.dtype, nil)
    return [.sequence(items, element: element)]
  }
}
