import ApusCore

extension Graph {
  /// A copy of a body whose inputs have the given types and whose values are inferred from them.
  ///
  /// - Parameters:
  ///   - types: One type for each input of the body, in order.
  ///   - contents: Known elements of the inputs; nil where unknown. May be shorter than the inputs.
  /// - Throws: `OperatorError` with the inner node in its message.
  func inferred(inputs types: [ValueType], contents: [Contents?] = [], symbols: SymbolSource) throws -> Graph
  {
    guard types.count == inputs.count else {
      throw OperatorError(
        .wrongInputCount, "the body '\(name)' has \(inputs.count) inputs, the node gives it \(types.count)")
    }
    var body = self
    for (index, input) in inputs.enumerated() {
      body.setType(of: input, to: types[index])
      body.setContents(of: input, to: index < contents.count ? contents[index] : nil)
    }
    guard let order = body.topologicalOrder() else {
      throw OperatorError(.cycle, "the body '\(name)' has a cycle")
    }
    for id in order {
      do { try body.inferTypes(of: id, symbols: symbols) } catch var error as OperatorError {
        let node = body[id]
        let first = node.outputs.compactMap { $0 }.first.map { body[$0].name } ?? ""
        let place = node.name.isEmpty ? first : node.name
        error.message = "in the body '\(name)', node '\(place)' (\(node.opName)): \(error.message)"
        throw error
      }
    }
    return body
  }

  var outputTypes: [ValueType] { outputs.map { self[$0].type } }
}

extension ValueType {
  /// A type that holds for values of both types: sizes that differ become fresh symbols, ranks that differ unknown.
  func widened(with other: ValueType, fresh: (Dim, Dim) -> Dim) throws -> ValueType {
    switch (self, other) {
    case (.tensor(let a), .tensor(let b)):
      guard a.dtype == b.dtype else {
        throw OperatorError(.typeMismatch, "one path gives \(a), the other \(b)")
      }
      guard let x = a.shape, let y = b.shape, x.count == y.count else { return .tensor(a.dtype, nil) }
      return .tensor(a.dtype, zip(x, y).map { $0 == $1 ? $0 : fresh($0, $1) })
    case (.sequence(let a), .sequence(let b)): return .sequence(try a.widened(with: b, fresh: fresh))
    case (.optional(let a), .optional(let b)): return .optional(try a.widened(with: b, fresh: fresh))
    default: throw OperatorError(.typeMismatch, "one path gives \(self), the other \(other)")
    }
  }

  var isOptional: Bool {
    if case .optional = self { return true }
    return false
  }

  /// The type with every size replaced.
  func mappingSizes(_ change: (Dim) -> Dim) -> ValueType {
    switch self {
    case .tensor(let type): .tensor(type.dtype, type.shape?.map(change))
    case .sequence(let element): .sequence(element.mappingSizes(change))
    case .optional(let element): .optional(element.mappingSizes(change))
    }
  }
}
