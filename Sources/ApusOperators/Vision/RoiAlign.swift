public import ApusCore

/// Pools regions of pictures by bilinear samples. Inputs: pictures `[n, c, h, w]`, regions `[r, 4]` (x1, y1, x2, y2), the
/// picture of each region `[r]`. Result: `[r, c, outputHeight, outputWidth]`. ONNX RoiAlign 10, 16, 22.
/// He et al., "Mask R-CNN", 2017.
public struct RoiAlign: Operator {
  public var outputHeight = 1
  public var outputWidth = 1
  /// Samples of a bin along each axis; 0: as many as its size asks for.
  public var samplingRatio = 0
  public var spatialScale = 1.0
  /// The largest of the weighted neighbours instead of the average.
  public var isMaximum = false
  /// Whether coordinates are moved by half an element.
  public var halfPixel = true

  public static var importers: [Importer] {
    [
      .onnx("RoiAlign", since: 10) { node in
        var op = RoiAlign()
        let mode = try node.string("mode", default: "avg")
        let places = try node.string(
          "coordinate_transformation_mode", default: node.version < 16 ? "output_half_pixel" : "half_pixel")
        guard mode == "avg" || mode == "max" else {
          throw OperatorError(
            .unsupportedAttribute, "unknown mode", attribute: "mode", value: mode, allowed: "avg, max")
        }
        guard places == "half_pixel" || places == "output_half_pixel" else {
          throw OperatorError(
            .unsupportedAttribute, "unknown value", attribute: "coordinate_transformation_mode",
            value: places,
            allowed: "half_pixel, output_half_pixel")
        }
        op.outputHeight = try node.int("output_height", in: Window.steps) ?? 1
        op.outputWidth = try node.int("output_width", in: Window.steps) ?? 1
        op.samplingRatio = try node.int("sampling_ratio", in: 0...Window.largest) ?? 0
        op.spatialScale = try node.float("spatial_scale", default: 1)
        op.isMaximum = mode == "max"
        op.halfPixel = places == "half_pixel"
        return op
      }
    ]
  }

  public init() {}

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    let (x, rois, batches) = (try context.tensor(0), try context.tensor(1), try context.indexTensor(2))
    guard outputHeight > 0, outputWidth > 0 else {
      throw OperatorError(.invalidAttribute, "the output size is not positive", attribute: "output_height")
    }
    guard (x.rank ?? 4) == 4, (rois.rank ?? 2) == 2, (batches.rank ?? 1) == 1 else {
      throw OperatorError(.shapeMismatch, "pictures, regions and their pictures must have 4, 2 and 1 axes")
    }
    let count = rois.shape?[0] ?? batches.shape?[0] ?? context.fresh("regions")
    let channels = x.shape?[1] ?? context.fresh("channels")
    return [.tensor(x.dtype, [count, channels, .constant(outputHeight), .constant(outputWidth)])]
  }

  /// Four neighbours of a sample and their weights.
  private typealias Sample = [(offset: Int, weight: Double)]

  private static func sample(y: Double, x: Double, height: Int, width: Int) -> Sample {
    let (h, w) = (Double(height), Double(width))
    guard y >= -1, y <= h, x >= -1, x <= w, height > 0, width > 0 else { return [] }
    func split(_ place: Double, _ size: Int) -> (low: Int, high: Int, rest: Double) {
      let place = max(place, 0)
      let low = Int(place)
      return low >= size - 1 ? (size - 1, size - 1, 0) : (low, low + 1, place - Double(low))
    }
    let (v, u) = (split(y, height), split(x, width))
    return [
      (v.low * width + u.low, (1 - v.rest) * (1 - u.rest)), (v.low * width + u.high, (1 - v.rest) * u.rest),
      (v.high * width + u.low, v.rest * (1 - u.rest)), (v.high * width + u.high, v.rest * u.rest),
    ]
  }

  /// Samples of every bin of a region.
  private func bins(_ roi: ArraySlice<Double>, height: Int, width: Int) -> [[Sample]] {
    let box = roi.map { $0 * spatialScale - (halfPixel ? 0.5 : 0) }
    var (spanX, spanY) = (box[2] - box[0], box[3] - box[1])
    if !halfPixel { (spanX, spanY) = (max(spanX, 1), max(spanY, 1)) }
    let (binX, binY) = (spanX / Double(outputWidth), spanY / Double(outputHeight))
    func steps(_ bin: Double) -> Int {
      if samplingRatio > 0 { return samplingRatio }
      return bin > 0 ? Int(min(bin.rounded(.up), 65536)) : 0
    }
    let (stepsX, stepsY) = (steps(binX), steps(binY))
    var bins: [[Sample]] = []
    for row in 0..<outputHeight {
      for column in 0..<outputWidth {
        var samples: [Sample] = []
        for i in 0..<stepsY {
          let y = box[1] + Double(row) * binY + (Double(i) + 0.5) * binY / Double(stepsY)
          for j in 0..<stepsX {
            let x = box[0] + Double(column) * binX + (Double(j) + 0.5) * binX / Double(stepsX)
            samples.append(Self.sample(y: y, x: x, height: height, width: width))
          }
        }
        bins.append(samples)
      }
    }
    return bins
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let (x, rois, batches) = (try operands.tensor(0), try operands.tensor(1), try operands.tensor(2))
    guard x.rank == 4, rois.rank == 2, rois.shape[1] == 4, batches.shape == [rois.shape[0]], outputHeight > 0,
      outputWidth > 0
    else { throw OperatorError(.shapeMismatch, "regions \(rois.shape) do not fit pictures \(x.shape)") }
    let (channels, plane) = (x.shape[1], x.shape[2] * x.shape[3])
    let (elements, boxes) = (x.doubles(), rois.doubles())
    var result: [Double] = []
    for (region, batch) in batches.integers().enumerated() {
      let picture = try checkedIndex(batch, size: x.shape[0])
      let bins = self.bins(boxes[region * 4..<region * 4 + 4], height: x.shape[2], width: x.shape[3])
      for channel in 0..<channels {
        let start = (picture * channels + channel) * plane
        for samples in bins { result.append(pool(samples, elements, start)) }
      }
    }
    return [.tensor(Tensor(doubles: result, x.dtype, [rois.shape[0], channels, outputHeight, outputWidth]))]
  }

  private func pool(_ samples: [Sample], _ elements: [Double], _ start: Int) -> Double {
    if isMaximum {
      // The maximum runs over the weighted neighbours, not over interpolated samples, as ONNX defines it.
      let peaks = samples.map { $0.map { $0.weight * elements[start + $0.offset] }.max() ?? 0 }
      return peaks.max() ?? 0
    }
    var sum = 0.0
    for sample in samples { for (offset, weight) in sample { sum += weight * elements[start + offset] } }
    return sum / Double(max(samples.count, 1))
  }
}
