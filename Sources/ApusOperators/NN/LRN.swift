import Glibc

public import ApusCore

/// Local response normalization over `size` neighbouring channels: `x / (bias + alpha / size * Σ x²)^beta`.
/// ONNX LRN 1, 13.
public struct LRN: Operator {
  public var size = 1
  public var alpha = 0.0001
  public var beta = 0.75
  public var bias = 1.0

  public static var importers: [Importer] {
    [
      .onnx("LRN") { node in
        var op = LRN()
        op.size = try node.require("size", node.int("size", in: Window.steps))
        op.alpha = try node.float("alpha", default: 0.0001)
        op.beta = try node.float("beta", default: 0.75)
        op.bias = try node.float("bias", default: 1)
        return op
      }
    ]
  }

  public init() {}

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    let x = try context.floating(0)
    _ = try context.shape(0, rank: 2...Int.max)
    try require(size > 0 && size <= Window.largest, attribute: "size", value: size, allowed: "1 and more")
    return [.tensor(x)]
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let x = try operands.tensor(0, rank: 2...Int.max)
    try require(size > 0 && size <= Window.largest, attribute: "size", value: size, allowed: "1 and more")
    let (channels, plane) = (x.shape[1], x.shape[2...].reduce(1, *))
    let values = x.doubles()
    var result = values
    for row in 0..<x.shape[0] * channels {
      let channel = row % channels
      let (first, last) = (max(0, channel - (size - 1) / 2), min(channels - 1, channel + size / 2))
      for place in 0..<plane {
        var sum = 0.0
        for other in first...last {
          let value = values[(row - channel + other) * plane + place]
          sum += value * value
        }
        result[row * plane + place] /= pow(bias + alpha / Double(size) * sum, beta)
      }
    }
    return [.tensor(Tensor(doubles: result, x.dtype, x.shape))]
  }
}
