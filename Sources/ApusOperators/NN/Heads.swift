import ApusCore

/// Elements of a tensor of attention as `[batch, heads, length, size]`, whatever way it came.
struct Heads {
  let batch: Int
  let heads: Int
  let length: Int
  let size: Int
  var elements: [Double]

  init(batch: Int, heads: Int, length: Int, size: Int, elements: [Double]? = nil) {
    (self.batch, self.heads, self.length, self.size) = (batch, heads, length, size)
    self.elements = elements ?? [Double](repeating: 0, count: batch * heads * length * size)
  }

  /// Reads `[batch, heads, length, size]`, or `[batch, length, heads * size]` with `heads` given.
  init(_ tensor: Tensor, heads: Int?) throws {
    let shape = tensor.shape
    if shape.count == 4 {
      self.init(
        batch: shape[0], heads: shape[1], length: shape[2], size: shape[3], elements: tensor.doubles())
      return
    }
    guard shape.count == 3, let heads, (1...Window.largest).contains(heads), shape[2] % heads == 0 else {
      throw OperatorError(
        .shapeMismatch,
        "\(shape) does not divide into \(heads.map(String.init) ?? "an unknown number of") heads",
        fix: "give four axes, or three and the number of heads")
    }
    self.init(batch: shape[0], heads: heads, length: shape[1], size: shape[2] / heads)
    let values = tensor.doubles()
    for index in values.indices { elements[packed(index)] = values[index] }
  }

  /// Where an element of `[batch, length, heads * size]` lies here.
  private func packed(_ index: Int) -> Int {
    let (feature, row) = (index % (heads * size), index / (heads * size))
    let (place, sample) = (row % length, row / length)
    return ((sample * heads + feature / size) * length + place) * size + feature % size
  }

  /// `[batch, length, heads * size]`.
  func merged(_ dtype: DType) -> Tensor {
    Tensor(doubles: elements.indices.map { elements[packed($0)] }, dtype, [batch, length, heads * size])
  }

  /// `[batch, heads, length, size]`.
  func tensor(_ dtype: DType) -> Tensor { Tensor(doubles: elements, dtype, [batch, heads, length, size]) }

  /// First element of a row.
  func row(_ sample: Int, _ head: Int, _ place: Int) -> Int {
    ((sample * heads + head) * length + place) * size
  }

  /// This with the rows of `other` behind those of each head.
  func appending(_ other: Heads) throws -> Heads {
    try require(
      batch == other.batch && heads == other.heads && size == other.size,
      "the cache [\(batch), \(heads), \(length), \(size)] does not continue into [\(other.batch), \(other.heads), \(other.length), \(other.size)]"
    )
    var all: [Double] = []
    for head in 0..<batch * heads {
      all += elements[head * length * size..<(head + 1) * length * size]
      all += other.elements[head * other.length * size..<(head + 1) * other.length * size]
    }
    return Heads(batch: batch, heads: heads, length: length + other.length, size: size, elements: all)
  }

  /// Logical shape of a type as batch, heads, length, size; nil while unknown.
  static func shape(_ shape: Shape?, heads: Int?) throws -> Shape? {
    guard let shape else { return nil }
    if shape.count == 4 { return shape }
    guard shape.count == 3, let heads, (1...Window.largest).contains(heads) else {
      throw OperatorError(
        .shapeMismatch, "rank \(shape.count) without a number of heads",
        fix: "give four axes, or three and the number of heads")
    }
    if let features = shape[2].value {
      try require(features % heads == 0, "\(features) features do not divide into \(heads) heads")
    }
    return [shape[0], .constant(heads), shape[1], shape[2].floorDiv(.constant(heads))]
  }
}

/// Replaces a row of scores by its softmax.
func softmaxRow(_ row: inout [Double]) { Softmax().normalize(&row) }
