public import ApusCore

/// Mean of each window; padding counts only with `countIncludePad`. ONNX AveragePool 1, 7, 10 (ceil), 11, 19
/// (dilations), 22.
public struct AveragePool: PoolingOperator {
  public var kernelShape: [Int] = []
  public var strides: [Int] = []
  public var dilations: [Int] = []
  public var pads: [Int] = []
  public var autoPad = AutoPad.notSet
  public var ceilMode = false
  public var countIncludePad = false

  public static var importers: [Importer] {
    [
      .onnx("AveragePool") { node in
        var pool = AveragePool()
        try pool.readPooling(node)
        pool.countIncludePad = try node.bool("count_include_pad", default: false)
        return pool
      }
    ]
  }

  public init() {}

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    let x = try context.floating(0)
    return [.tensor(x.dtype, try pooledShape(try context.shape(0, rank: 3...Int.max)))]
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let x = try operands.tensor(0, rank: 3...Int.max)
    let windows = try windows(x.shape)
    let plane = x.shape[2...].reduce(1, *)
    let values = x.doubles()
    var means: [Double] = []
    for start in (0..<x.shape[0] * x.shape[1]).map({ $0 * plane }) {
      windows.forEach { window, elements in
        let sum = elements.reduce(0.0) { $0 + values[start + $1] }
        let count = countIncludePad ? windows.paddedCounts[window] : elements.count
        means.append(count == 0 ? 0 : sum / Double(count))
      }
    }
    return [.tensor(Tensor(doubles: means, x.dtype, x.shape[..<2] + windows.output))]
  }
}
