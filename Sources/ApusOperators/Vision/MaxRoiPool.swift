import Glibc

public import ApusCore

/// The largest elements of the bins of regions. Inputs: pictures `[n, c, h, w]`, regions `[r, 5]` (picture, x1, y1, x2,
/// y2). Result: `[r, c, height, width]`. ONNX MaxRoiPool 1, 22. Girshick, "Fast R-CNN", 2015.
public struct MaxRoiPool: Operator {
  public var height = 1
  public var width = 1
  public var spatialScale = 1.0

  public static var importers: [Importer] {
    [
      .onnx("MaxRoiPool") { node in
        let shape = try node.require("pooled_shape", node.ints("pooled_shape"))
        guard shape.count == 2, shape.allSatisfy({ $0 > 0 }) else {
          throw OperatorError(
            .invalidAttribute, "the pooled shape must be two positive sizes", attribute: "pooled_shape",
            value: "\(shape)")
        }
        var op = MaxRoiPool()
        (op.height, op.width) = (shape[0], shape[1])
        op.spatialScale = try node.float("spatial_scale", default: 1)
        return op
      }
    ]
  }

  public init() {}

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    let (x, rois) = (try context.tensor(0), try context.tensor(1))
    guard (x.rank ?? 4) == 4, (rois.rank ?? 2) == 2 else {
      throw OperatorError(.shapeMismatch, "pictures and regions must have 4 and 2 axes")
    }
    let count = rois.shape?[0] ?? context.fresh("regions")
    return [
      .tensor(
        x.dtype, [count, x.shape?[1] ?? context.fresh("channels"), .constant(height), .constant(width)])
    ]
  }

  /// Elements of an axis that each bin covers.
  private func bins(_ start: Double, _ end: Double, count: Int, size: Int) -> [Range<Int>] {
    // Coordinates are whole elements, the last one included.
    let first = round(start * spatialScale)
    let bin = max(round(end * spatialScale) - first + 1, 1) / Double(count)
    return (0..<count).map { index in
      let low = min(max((Double(index) * bin).rounded(.down) + first, 0), Double(size))
      let high = min(max((Double(index + 1) * bin).rounded(.up) + first, 0), Double(size))
      return low < high ? Int(low)..<Int(high) : 0..<0
    }
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let (x, rois) = (try operands.tensor(0), try operands.tensor(1))
    guard x.rank == 4, rois.rank == 2, rois.shape[1] == 5 else {
      throw OperatorError(.shapeMismatch, "regions \(rois.shape) do not fit pictures \(x.shape)")
    }
    let (channels, columns) = (x.shape[1], x.shape[3])
    let (elements, boxes) = (x.doubles(), rois.doubles())
    var result: [Double] = []
    for region in 0..<rois.shape[0] {
      let box = boxes[region * 5..<region * 5 + 5].map { $0.isFinite ? $0 : 0 }
      let picture = try checkedIndex(Int64(min(max(box[0], -1e9), 1e9)), size: x.shape[0])
      let rows = bins(box[2], box[4], count: height, size: x.shape[2])
      let spans = bins(box[1], box[3], count: width, size: columns)
      for channel in 0..<channels {
        let start = (picture * channels + channel) * x.shape[2] * columns
        for vertical in rows {
          for horizontal in spans {
            let bin = vertical.flatMap { row in horizontal.map { elements[start + row * columns + $0] } }
            result.append(bin.max() ?? 0)
          }
        }
      }
    }
    return [.tensor(Tensor(doubles: result, x.dtype, [rois.shape[0], channels, height, width]))]
  }
}
