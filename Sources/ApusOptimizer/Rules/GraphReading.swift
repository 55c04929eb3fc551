import ApusCore

extension Graph {
  /// The number that every element of a numeric constant is.
  func number(_ value: ValueID?) -> Double? {
    guard let tensor = constant(value), tensor.dtype.isFloat || tensor.dtype.isInteger,
      tensor.elementCount > 0, tensor.elementCount <= 4096
    else { return nil }
    let numbers = tensor.elementCount == 1 ? tensor.doubles() : Array(Set(tensor.doubles()))
    return numbers.count == 1 ? numbers[0] : nil
  }

  /// The number of a constant with one element.
  func scalar(_ value: ValueID?) -> Double? {
    guard let tensor = constant(value), tensor.elementCount == 1 else { return nil }
    return number(value)
  }

  /// Integers known before running, from a constant or from shape arithmetic.
  func integers(_ value: ValueID?) -> [Int]? {
    guard let value else { return nil }
    if let tensor = self[value].constant {
      return tensor.dtype.isInteger ? tensor.integers().map { Int($0) } : nil
    }
    guard let dims = self[value].contents?.dims else { return nil }
    let integers = dims.compactMap(\.value)
    return integers.count == dims.count ? integers : nil
  }

  func shape(_ value: ValueID?) -> Shape? { value.flatMap { self[$0].type.tensor?.shape } }

  func dtype(_ value: ValueID?) -> DType? { value.flatMap { self[$0].type.tensor?.dtype } }

  /// Whether two tensors have one element type and provably one shape.
  func sameType(_ a: ValueID, _ b: ValueID) -> Bool {
    guard let x = self[a].type.tensor, let y = self[b].type.tensor, x.shape != nil else { return false }
    return x == y
  }

  /// The single output of a node.
  func output(_ node: NodeID) -> ValueID? {
    let outputs = self[node].outputs.compactMap { $0 }
    return outputs.count == 1 ? outputs[0] : nil
  }

  /// The node behind `value` when it is an `O` and nobody else reads the value.
  func solelyRead<O: Operator>(_ value: ValueID?, as type: O.Type) -> (node: Node, op: O)? {
    guard let value, let node = producer(of: value), let op = node.op as? O, soleUser(of: value) != nil
    else { return nil }
    return (node, op)
  }

  /// Refuses to let `new` take the place of `old` where an output of the graph would lose its own value.
  func checkReplaceable(_ old: ValueID, by new: ValueID) throws(Refusal) {
    guard isOutput(old) else { return }
    if isInput(new) || isOutput(new) || self[new].constant != nil {
      throw Refusal("'\(self[old].name)' is an output of the graph and needs a value of its own")
    }
  }
}

/// Whether two numbers agree to single precision.
func near(_ a: Double?, _ b: Double, tolerance: Double = 1e-5) -> Bool {
  guard let a else { return false }
  return abs(a - b) <= tolerance * max(abs(b), 1e-30)
}
