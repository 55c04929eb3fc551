import ApusCore

/// Compares graphs by what they compute from their inputs; names and places play no part.
struct GraphComparison {
  let a: Graph
  let b: Graph
  private var paired: [ValueID: ValueID] = [:]

  init(_ a: Graph, _ b: Graph) {
    self.a = a
    self.b = b
  }

  /// The first difference, or nil.
  mutating func fault() -> String? {
    guard a.inputs.count == b.inputs.count, a.outputs.count == b.outputs.count else {
      return "inputs or outputs differ in number"
    }
    for (x, y) in zip(a.inputs, b.inputs) { paired[x] = y }
    for (x, y) in zip(a.outputs, b.outputs) { if let fault = fault(x, y) { return fault } }
    return a.nodeCount == b.nodeCount ? nil : "\(a.nodeCount) nodes against \(b.nodeCount)"
  }

  private mutating func fault(_ x: ValueID, _ y: ValueID) -> String? {
    if let known = paired[x] { return known == y ? nil : "'\(a[x].name)' stands for two values" }
    let (left, right) = (a[x], b[y])
    guard left.type == right.type else { return "'\(left.name)' is \(left.type), expected \(right.type)" }
    if let p = left.constant, let q = right.constant {
      return fault(p, q).map { "constant '\(left.name)': \($0)" }
    }
    guard let p = left.producer, let q = right.producer, p.output == q.output else {
      return "'\(left.name)' and '\(right.name)' have different origins"
    }
    paired[x] = y
    let (node, expected) = (a[p.node], b[q.node])
    guard "\(AnyHashable(node.op))" == "\(AnyHashable(expected.op))", node.opName == expected.opName else {
      return "'\(left.name)' comes from \(node.op), expected \(expected.op)"
    }
    let count = max(node.inputs.count, expected.inputs.count)
    for index in 0..<count {
      let input = index < node.inputs.count ? node.inputs[index] : nil
      let wanted = index < expected.inputs.count ? expected.inputs[index] : nil
      switch (input, wanted) {
      case (nil, nil): continue
      case (let input?, let wanted?): if let fault = fault(input, wanted) { return fault }
      default: return "input \(index) of \(node.opName) is present in one graph only"
      }
    }
    return nil
  }

  private func fault(_ x: Tensor, _ y: Tensor) -> String? {
    guard x.type == y.type else { return "\(x.type), expected \(y.type)" }
    if x.dtype == .string { return x.strings == y.strings ? nil : "strings differ" }
    for (index, (p, q)) in zip(x.doubles(), y.doubles()).enumerated() where !isClose(p, q) {
      return "element \(index) is \(p), expected \(q)"
    }
    return nil
  }
}

/// Whether two numbers agree within single precision, a little rounding included.
func isClose(_ a: Double, _ b: Double, tolerance: Double = 1e-5) -> Bool {
  a == b || (a.isNaN && b.isNaN) || abs(a - b) <= tolerance * max(1, abs(b))
}
