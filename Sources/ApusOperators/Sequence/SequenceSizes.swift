import ApusCore

/// Sizes that differ between the elements of a sequence have one symbol in its element type. Whoever takes an element
/// out gives it symbols of its own, so that two elements are never held to be equally large.
enum SequenceSizes {
  /// Start of the names of such symbols.
  static let hint = "element"

  static func isVarying(_ size: Dim) -> Bool { size.symbols.contains { $0.hasPrefix(hint + ".") } }
}

extension InferenceContext {
  /// The type of one element of a sequence; throws when the input is no sequence.
  func sequenceElement(_ index: Int) throws -> ValueType {
    try elementType(index).mappingSizes { SequenceSizes.isVarying($0) ? fresh(SequenceSizes.hint) : $0 }
  }

  /// The element type as the sequence states it.
  func elementType(_ index: Int) throws -> ValueType {
    guard index < inputs.count, let type = inputs[index] else {
      throw OperatorError(.wrongInputCount, "input \(index) is missing")
    }
    guard case .sequence(let element) = type else {
      throw OperatorError(.typeMismatch, "input \(index) is \(type), not a sequence")
    }
    return element
  }

  /// A type for elements of both types.
  func commonElement(_ a: ValueType, _ b: ValueType) throws -> ValueType {
    try a.widened(with: b) { old, _ in SequenceSizes.isVarying(old) ? old : fresh(SequenceSizes.hint) }
  }
}

extension Operands {
  /// A sequence and its element type; throws when the input is absent or no sequence.
  func sequence(_ index: Int) throws -> (items: [Value], element: ValueType) {
    guard case .sequence(let items, let element)? = value(index) else {
      throw OperatorError(.wrongInputCount, "input \(index) is missing or no sequence")
    }
    return (items, element)
  }

  /// An integer of one element that says where in a sequence of `count` elements, or nil when absent.
  func position(_ index: Int, count: Int) throws -> Int? {
    guard let numbers = optional(index)?.integers() else { return nil }
    guard numbers.count == 1 else { throw OperatorError(.shapeMismatch, "a position must be one number") }
    return try checkedIndex(numbers[0], size: count)
  }
}
