import Glibc

public import ApusCore

/// `(Σ |x|^p)^(1/p)` over each window. ONNX LpPool 1, 2, 11, 18 (dilations, ceil), 22.
public struct LpPool: PoolingOperator {
  public var kernelShape: [Int] = []
  public var strides: [Int] = []
  public var dilations: [Int] = []
  public var pads: [Int] = []
  public var autoPad = AutoPad.notSet
  public var ceilMode = false
  public var p = 2.0

  public static var importers: [Importer] {
    [
      .onnx("LpPool", since: 2) { node in
        var pool = LpPool()
        try pool.readPooling(node)
        pool.p = Double(try node.int("p", in: Window.steps) ?? 2)
        return pool
      },
      .onnx("LpPool", since: 1, until: 1) { node in
        var pool = LpPool()
        try pool.readPooling(node)
        pool.p = try node.float("p", default: 2)
        return pool
      },
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
    var norms: [Double] = []
    for start in (0..<x.shape[0] * x.shape[1]).map({ $0 * plane }) {
      windows.forEach { _, elements in
        norms.append(pow(elements.reduce(0.0) { $0 + pow(abs(values[start + $1]), p) }, 1 / p))
      }
    }
    return [.tensor(Tensor(doubles: norms, x.dtype, x.shape[..<2] + windows.output))]
  }
}
