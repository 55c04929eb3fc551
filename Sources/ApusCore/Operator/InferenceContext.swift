/// What type inference of one node may look at.
public final class InferenceContext {
  /// Input types; nil: an optional input that is absent.
  public let inputs: [ValueType?]
  public let outputCount: Int
  private let constants: [Tensor?]
  private let known: [Contents?]
  private let names: SymbolSource

  public init(
    inputs: [ValueType?], constants: [Tensor?] = [], contents: [Contents?] = [], outputCount: Int = 1,
    symbols: SymbolSource = SymbolSource()
  ) {
    self.inputs = inputs
    self.outputCount = outputCount
    self.constants = constants
    known = contents
    names = symbols
  }

  public func isPresent(_ index: Int) -> Bool { index < inputs.count && inputs[index] != nil }

  /// The tensor type at `index`; throws when it is absent or no tensor.
  public func tensor(_ index: Int) throws -> TensorType {
    guard let type = optional(index) else {
      throw OperatorError(.wrongInputCount, "input \(index) is missing or is no tensor")
    }
    return type
  }

  /// The tensor type at `index`, or nil.
  public func optional(_ index: Int) -> TensorType? { index < inputs.count ? inputs[index]?.tensor : nil }

  /// The contents of a constant input.
  public func constant(_ index: Int) -> Tensor? { index < constants.count ? constants[index] : nil }

  /// Elements of an input that are known before running, from a constant or from shape arithmetic.
  public func contents(_ index: Int) -> Contents? {
    if index < known.count, let contents = known[index] { return contents }
    return constant(index).flatMap { Contents($0) }
  }

  /// Known integer elements of an input (axes, sizes), or nil.
  public func dims(_ index: Int) -> [Dim]? { contents(index)?.dims }

  /// Known plain integers of an input, or nil.
  public func integers(_ index: Int) -> [Int]? {
    guard let dims = dims(index) else { return nil }
    let values = dims.compactMap(\.value)
    return values.count == dims.count ? values : nil
  }

  /// A dimension that only running can tell; it never exceeds `bound` when one is given.
  public func fresh(_ hint: String, atMost bound: Dim? = nil) -> Dim { names.fresh(hint, atMost: bound) }

  /// Shared by nested inferences (bodies of Loop and If).
  public var symbols: SymbolSource { names }
}

/// Source of names for data-dependent dimensions, with their upper bounds.
public final class SymbolSource {
  public private(set) var bounds: [String: Dim] = [:]
  private var counter = 0
  private let taken: (String) -> Bool

  public init(taken: @escaping (String) -> Bool = { _ in false }) { self.taken = taken }

  public func fresh(_ hint: String, atMost bound: Dim?) -> Dim {
    var name = ""
    repeat {
      name = "\(hint).\(counter)"
      counter += 1
    } while taken(name)
    if let bound { bounds[name] = bound }
    return .symbol(name)
  }
}
