public import ApusCore

/// Sum of products by Einstein's convention, such as `bij,bjk->bik`. ONNX Einsum 12.
public struct Einsum: Operator {
  public var equation = ""

  public static var importers: [Importer] {
    [
      .onnx("Einsum", since: 12) { node in
        var op = Einsum()
        op.equation = try node.require("equation", node.string("equation"))
        _ = try EinsumEquation(op.equation)
        return op
      }
    ]
  }

  public init() {}
  public init(_ equation: String) { self.equation = equation }

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    let first = try context.tensor(0)
    guard first.dtype.isInteger || (first.dtype.isFloat && !first.dtype.isMiniFloat) else {
      throw OperatorError(
        .unsupportedType, "Einsum of \(first.dtype.rawValue)", value: first.dtype.rawValue,
        allowed: "floats of 16 bits and more, integers")
    }
    for index in context.inputs.indices { try context.expect(first.dtype, at: index) }
    let parsed = try EinsumEquation(equation)
    let shapes = try context.inputs.indices.map { try context.tensor($0).shape }
    let known = shapes.compactMap { $0 }
    guard known.count == shapes.count else { return [.tensor(first.dtype, nil)] }
    let plan = try parsed.bound(to: known)
    return [.tensor(first.dtype, plan.output.map { plan.sizes[$0] ?? 1 })]
  }

  /// The sum for operands of these shapes: sizes of the result's axes and of those summed over, and each operand's
  /// strides along both.
  package func contraction(_ shapes: [[Int]]) throws -> (outer: [Int], inner: [Int], strides: [[Int]]) {
    let plan = try EinsumEquation(equation).bound(to: shapes.map { Shape($0) })
    let labels = plan.output + plan.sizes.keys.filter { !plan.output.contains($0) }.sorted()
    let sizes = labels.map { plan.sizes[$0]?.value ?? 1 }
    let strides = zip(shapes, plan.operands).map { shape, axes in
      let dense = shape.rowMajorStrides
      return labels.map { label in
        axes.indices.reduce(0) { $0 + (axes[$1] == label && shape[$1] != 1 ? dense[$1] : 0) }
      }
    }
    return (Array(sizes.prefix(plan.output.count)), Array(sizes.dropFirst(plan.output.count)), strides)
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let tensors = try (0..<operands.count).map { try operands.tensor($0) }
    guard let first = tensors.first else { throw OperatorError(.wrongInputCount, "Einsum without inputs") }
    let plan = try contraction(tensors.map(\.shape))
    return first.dtype.isInteger
      ? [.tensor(sum(tensors, plan, first.dtype, Int64.self))]
      : [.tensor(sum(tensors, plan, first.dtype, Double.self))]
  }

  private func sum<T: Accumulator>(
    _ tensors: [Tensor], _ plan: (outer: [Int], inner: [Int], strides: [[Int]]), _ dtype: DType, _: T.Type
  ) -> Tensor {
    let operands = tensors.map(T.elements)
    let (shape, strides) = (plan.outer, plan.strides)
    let sizes = plan.outer + plan.inner
    let inner = plan.inner.reduce(1, *)
    var result = [T](repeating: .zero, count: shape.elementCount)
    guard !sizes.contains(0) else { return T.tensor(result, dtype, shape) }
    var index = [Int](repeating: 0, count: sizes.count)
    var offsets = [Int](repeating: 0, count: operands.count)
    for step in 0..<shape.elementCount * inner {
      var product = operands[0][offsets[0]]
      for other in 1..<max(operands.count, 1) {
        product = T.multiplyAdd(.zero, product, operands[other][offsets[other]])
      }
      result[step / inner] = T.add(result[step / inner], product)
      var axis = sizes.count - 1
      while axis >= 0 {
        index[axis] += 1
        for operand in offsets.indices { offsets[operand] += strides[operand][axis] }
        if index[axis] < sizes[axis] { break }
        for operand in offsets.indices { offsets[operand] -= strides[operand][axis] * sizes[axis] }
        index[axis] = 0
        axis -= 1
      }
    }
    return T.tensor(result, dtype, shape)
  }
}

/// An equation of Einsum, taken apart: terms of labels, where an ellipsis stands for further broadcast axes.
struct EinsumEquation {
  /// One label an axis.
  enum Label: Hashable, Comparable {
    /// Broadcast axis of an ellipsis, counted from the last.
    case broadcast(Int)
    case letter(Character)
  }

  private enum Item: Equatable {
    case letter(Character)
    case ellipsis
  }

  private let inputs: [[Item]]
  private let output: [Item]?

  /// Labels of every axis, with their sizes.
  struct Plan {
    var operands: [[Label]] = []
    var output: [Label] = []
    var sizes: [Label: Dim] = [:]
  }

  init(_ equation: String) throws {
    let text = equation.filter { $0 != " " }
    let sides = text.split(separator: "->", omittingEmptySubsequences: false)
    func invalid() -> OperatorError {
      OperatorError(
        .invalidAttribute, "the equation cannot be read", attribute: "equation", value: equation,
        allowed: "terms of letters and '...', split by ',', then optionally '->' and the output's term")
    }
    guard !text.isEmpty, sides.count <= 2 else { throw invalid() }
    func items(_ term: Substring) throws -> [Item] {
      var (items, rest): ([Item], Substring) = ([], term)
      while let first = rest.first {
        if rest.hasPrefix("...") {
          guard !items.contains(.ellipsis) else { throw invalid() }
          items.append(.ellipsis)
          rest = rest.dropFirst(3)
        } else if first.isASCII && first.isLetter {
          items.append(.letter(first))
          rest = rest.dropFirst()
        } else {
          throw invalid()
        }
      }
      return items
    }
    inputs = try sides[0].split(separator: ",", omittingEmptySubsequences: false).map(items)
    output = sides.count == 2 ? try items(sides[1]) : nil
    if let output {
      for (index, item) in output.enumerated() {
        guard !output[..<index].contains(item),
          inputs.contains(where: { $0.contains(item) }) || item == .ellipsis
        else { throw invalid() }
      }
    }
  }

  /// Gives labels to the axes of operands of these shapes; throws when they do not fit.
  func bound(to shapes: [Shape]) throws -> Plan {
    try require(
      shapes.count == inputs.count, "the equation has \(inputs.count) terms, the node \(shapes.count) inputs")
    var plan = Plan()
    var broadcastRank = 0
    for (items, shape) in zip(inputs, shapes) {
      let letters = items.count { $0 != .ellipsis }
      let extra = shape.count - letters
      try require(
        extra >= 0 && (extra == 0 || items.contains(.ellipsis)),
        "a term of \(letters) axes for a shape of rank \(shape.count)")
      broadcastRank = max(broadcastRank, items.contains(.ellipsis) ? extra : 0)
      let labels = items.flatMap { item -> [Label] in
        switch item {
        case .letter(let letter): [.letter(letter)]
        case .ellipsis: (0..<extra).map { .broadcast(extra - 1 - $0) }
        }
      }
      for (label, size) in zip(labels, shape) {
        guard let known = plan.sizes[label] else {
          plan.sizes[label] = size
          continue
        }
        if known == 1 {
          plan.sizes[label] = size
        } else if size != 1 {
          plan.sizes[label] = try unified(known, size, "sizes under one label")
        }
      }
      plan.operands.append(labels)
    }
    let ellipsis = (0..<broadcastRank).map { Label.broadcast(broadcastRank - 1 - $0) }
    if let output {
      plan.output = output.flatMap { item -> [Label] in
        if case .letter(let letter) = item { return [.letter(letter)] }
        return ellipsis
      }
    } else {
      let letters = inputs.joined().filter { $0 != .ellipsis }
      let once = letters.filter { letter in letters.count { $0 == letter } == 1 }
      plan.output =
        ellipsis
        + once.compactMap { item -> Label? in
          if case .letter(let letter) = item { return .letter(letter) }
          return nil
        }.sorted()
    }
    return plan
  }
}
