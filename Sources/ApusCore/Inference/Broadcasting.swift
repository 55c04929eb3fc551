/// Shape broadcasting as NumPy and ONNX define it.
public enum Broadcasting {
  /// The common shape; nil when one is unknown. Throws when sizes disagree.
  ///
  /// Where a symbol meets an integer above 1, the result is the integer: the symbol must be that or 1.
  public static func shape(_ shapes: [Shape?]) throws -> Shape? {
    var result: Shape = []
    for shape in shapes {
      guard let shape else { return nil }
      result = try pair(result, shape)
    }
    return result
  }

  static func pair(_ a: Shape, _ b: Shape) throws -> Shape {
    let rank = max(a.count, b.count)
    return try (0..<rank).map { axis in
      let x = axis < rank - a.count ? 1 : a[axis - (rank - a.count)]
      let y = axis < rank - b.count ? 1 : b[axis - (rank - b.count)]
      if x == y || y == 1 { return x }
      if x == 1 { return y }
      switch (x.value, y.value) {
      case (_?, _?):
        throw OperatorError(
          .shapeMismatch, "shapes [\(text(a))] and [\(text(b))] do not broadcast",
          fix: "make the sizes equal, or 1, from the last axis backwards")
      case (_?, nil): return x
      case (nil, _?): return y
      default: return Dim.max(x, y)
      }
    }
  }

  /// The common shape of integers; throws when sizes disagree.
  public static func shape(_ shapes: [[Int]]) throws -> [Int] {
    let result = try shape(shapes.map { Shape($0) as Shape? })
    return result?.compactMap(\.value) ?? []
  }

  /// Element strides with which a dense tensor of `shape` is read over `target`: 0 along broadcast axes.
  public static func strides(of shape: [Int], over target: [Int]) -> [Int] {
    let dense = shape.rowMajorStrides
    let missing = target.count - shape.count
    return target.indices.map { axis in
      axis < missing || shape[axis - missing] == 1 ? 0 : dense[axis - missing]
    }
  }

  /// For every element of `target` in row-major order, the position in a dense tensor of `shape` that it reads.
  public static func positions(of shape: [Int], over target: [Int]) -> [Int] {
    if shape == target { return Array(0..<target.elementCount) }
    let strides = strides(of: shape, over: target)
    var positions: [Int] = []
    positions.reserveCapacity(target.elementCount)
    forEachIndex(target) { index in
      var position = 0
      for axis in index.indices { position += index[axis] * strides[axis] }
      positions.append(position)
    }
    return positions
  }

  private static func text(_ shape: Shape) -> String { shape.map(\.description).joined(separator: ",") }
}

/// Calls `body` with every index of `shape` in row-major order (once, with an empty index, for a scalar).
public func forEachIndex(_ shape: [Int], _ body: ([Int]) throws -> Void) rethrows {
  guard !shape.contains(0) else { return }
  var index = [Int](repeating: 0, count: shape.count)
  while true {
    try body(index)
    var axis = shape.count - 1
    while axis >= 0 {
      index[axis] += 1
      if index[axis] < shape[axis] { break }
      index[axis] = 0
      axis -= 1
    }
    if axis < 0 { return }
  }
}

/// An axis counted from the end when negative; throws when it is outside the rank.
public func normalizedAxis(_ axis: Int, rank: Int, attribute: String = "axis") throws -> Int {
  guard axis >= -rank && axis < rank else {
    throw OperatorError(
      .invalidAttribute, "axis outside the tensor's rank \(rank)", attribute: attribute, value: String(axis),
      allowed: "\(-rank)...\(rank - 1)")
  }
  return axis < 0 ? axis + rank : axis
}
