public import ApusCore

/// Largest element of each window; the optional second output holds its index in the flattened input.
/// ONNX MaxPool 1, 8 (indices), 10 (dilations, ceil), 11, 12 (8-bit integers), 22.
public struct MaxPool: PoolingOperator {
  public var kernelShape: [Int] = []
  public var strides: [Int] = []
  public var dilations: [Int] = []
  public var pads: [Int] = []
  public var autoPad = AutoPad.notSet
  public var ceilMode = false
  /// Whether indices count spatial axes from the first to the last (column-major).
  public var columnMajor = false

  public static var importers: [Importer] {
    [
      .onnx("MaxPool") { node in
        var pool = MaxPool()
        try pool.readPooling(node)
        pool.columnMajor = try node.bool("storage_order", default: false)
        return pool
      }
    ]
  }

  public init() {}

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    let x = try context.tensor(0)
    guard x.dtype.isFloat || x.dtype == .i8 || x.dtype == .u8 else {
      throw OperatorError(
        .unsupportedType, "MaxPool of \(x.dtype.rawValue)", value: x.dtype.rawValue, allowed: "floats, i8, u8"
      )
    }
    let shape = try pooledShape(try context.shape(0, rank: 3...Int.max))
    return [.tensor(x.dtype, shape), .tensor(.i64, shape)]
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let x = try operands.tensor(0, rank: 3...Int.max)
    let windows = try windows(x.shape)
    let plane = x.shape[2...].reduce(1, *)
    let planes = x.shape[0] * x.shape[1]
    let values = x.doubles()
    let lowest = x.dtype.integerRange.map { Double($0.lowerBound) } ?? -.infinity
    var (largest, indices): ([Double], [Int64]) = ([], [])
    for start in (0..<planes).map({ $0 * plane }) {
      windows.forEach { _, elements in
        var (best, place) = (lowest, -1)
        for element in elements where place < 0 || values[start + element] > best {
          (best, place) = (values[start + element], element)
        }
        largest.append(best)
        indices.append(Int64(start + (columnMajor && place >= 0 ? transposedIndex(place, x.shape) : place)))
      }
    }
    let shape = x.shape[..<2] + windows.output
    return [
      .tensor(Tensor(doubles: largest, x.dtype, Array(shape))),
      .tensor(Tensor(integers: indices, .i64, Array(shape))),
    ]
  }

  /// Row-major index within a plane to the column-major one.
  private func transposedIndex(_ index: Int, _ shape: [Int]) -> Int {
    var (rest, result, stride) = (index, 0, shape[2...].reduce(1, *))
    for size in shape[2...].reversed() {
      stride /= size
      result += rest % size * stride
      rest /= size
    }
    return result
  }
}
