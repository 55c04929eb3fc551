public import ApusCore

/// The slices along `axis` (or the elements of the tensor read as a vector) whose condition is true; what lies beyond
/// the conditions is dropped. Inputs: the tensor and the conditions. ONNX Compress 9, 11.
public struct Compress: Operator {
  /// nil: the tensor is read as a vector.
  public var axis: Int?

  public static var importers: [Importer] {
    [.onnx("Compress", since: 9) { node in Compress(axis: try node.int("axis")) }]
  }

  public init() {}
  public init(axis: Int?) { self.axis = axis }
  public var traits: OperatorTraits { .movesData }

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    let (x, condition) = (try context.tensor(0), try context.tensor(1))
    guard condition.dtype == .bool else {
      throw OperatorError(.typeMismatch, "conditions are \(condition.dtype.rawValue)", allowed: "bool")
    }
    let known = try context.integers(1).flatMap { try kept($0, of: x.shape) }
    guard let shape = x.shape else {
      return [.tensor(x.dtype, axis == nil ? [known ?? context.fresh("compress")] : nil)]
    }
    guard let axis else {
      return [.tensor(x.dtype, [known ?? context.fresh("compress", atMost: shape.elementCount)])]
    }
    var result = shape
    let place = try normalizedAxis(axis, rank: shape.count)
    result[place] = known ?? context.fresh("compress", atMost: shape[place])
    return [.tensor(x.dtype, result)]
  }

  /// How many places the conditions choose; conditions past the end choose nothing, and nil while the end is unknown.
  private func kept(_ flags: [Int], of shape: Shape?) throws -> Dim? {
    let end =
      try axis.map { axis in try shape.map { $0[try normalizedAxis(axis, rank: $0.count)] } }
      ?? shape?.elementCount
    guard let places = end?.value else { return nil }
    return .constant(flags.prefix(max(places, 0)).filter { $0 != 0 }.count)
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let (x, flags) = (try operands.tensor(0), try operands.tensor(1).integers())
    let flat = axis == nil ? x.reshaped([x.elementCount]) : x
    let axis = try normalizedAxis(axis ?? 0, rank: flat.rank)
    var indices = flat.shape.map { Array(0..<$0) }
    indices[axis] = indices[axis].filter { $0 < flags.count && flags[$0] != 0 }
    return [.tensor(try ElementMap(indices: indices, of: flat.shape).apply(to: flat))]
  }
}
