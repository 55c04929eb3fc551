public import ApusCore

/// The grid of an affine transformation for `GridSample`: matrices `[n, 2, 3]` or `[n, 3, 4]` and the size
/// `[n, c, (d,) h, w]` give `[n, (d,) h, w, 2 or 3]`. ONNX AffineGrid 20.
public struct AffineGrid: Operator {
  public var alignCorners = false

  public static var importers: [Importer] {
    [
      .onnx("AffineGrid", since: 20) { node in
        AffineGrid(alignCorners: try node.bool("align_corners", default: false))
      }
    ]
  }

  public init() {}
  public init(alignCorners: Bool) { self.alignCorners = alignCorners }

  private func shape(_ theta: Shape?, _ size: [Dim]) throws -> Shape {
    let rank = size.count - 2
    let fits = theta.map {
      $0.count == 3 && ($0[1].value ?? rank) == rank && ($0[2].value ?? rank + 1) == rank + 1
    }
    guard rank == 2 || rank == 3, fits ?? true else {
      throw OperatorError(.shapeMismatch, "matrices \(theta ?? []) do not fit pictures of \(rank) axes")
    }
    return [size[0]] + size[2...] + [.constant(rank)]
  }

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    let theta = try context.tensor(0)
    _ = try context.tensor(1)
    guard let size = context.dims(1) else {
      let rank = context.announcedRank(1)
      return [.tensor(theta.dtype, rank.map { context.unknownShape(rank: $0, "grid") })]
    }
    return [.tensor(theta.dtype, try shape(theta.shape, size))]
  }

  /// Coordinates of the elements of an axis, from -1 to 1.
  private func coordinates(_ size: Int) -> [Double] {
    (0..<size).map { index in
      if alignCorners { return size == 1 ? 0 : -1 + 2 * Double(index) / Double(size - 1) }
      return -1 + (2 * Double(index) + 1) / Double(size)
    }
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let (theta, size) = (try operands.tensor(0), try operands.sizes(1))
    let result = try shape(Shape(theta.shape), Shape(size)).compactMap(\.value)
    try ElementMap.check(result)
    guard theta.shape[0] == size[0] else {
      throw OperatorError(.shapeMismatch, "\(theta.shape[0]) matrices for a batch of \(size[0])")
    }
    let rank = size.count - 2
    let (matrix, axes) = (theta.doubles(), size.dropFirst(2).map { coordinates($0) })
    var grid: [Double] = []
    grid.reserveCapacity(result.elementCount)
    for batch in 0..<size[0] {
      forEachIndex(Array(size.dropFirst(2))) { index in
        // The innermost axis comes first in a grid.
        let place = index.indices.reversed().map { axes[$0][index[$0]] } + [1]
        for row in 0..<rank {
          let start = (batch * rank + row) * (rank + 1)
          grid.append((0...rank).reduce(0) { $0 + matrix[start + $1] * place[$1] })
        }
      }
    }
    return [.tensor(Tensor(doubles: grid, theta.dtype, result))]
  }
}
