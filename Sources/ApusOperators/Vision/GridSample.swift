public import ApusCore

/// Samples pictures `[n, c, sizes…]` at the places in a grid `[n, places…, rank]`, whose coordinates (innermost axis
/// first) go from -1 to 1. ONNX GridSample 16, 20, 22.
public struct GridSample: Operator {
  public enum Mode: String, Hashable, Sendable, Codable { case linear, nearest, cubic }
  /// What lies beyond the picture.
  public enum Padding: String, Hashable, Sendable, Codable { case zeros, border, reflection }

  public var mode = Mode.linear
  public var padding = Padding.zeros
  /// Whether -1 and 1 are the middles of the outer elements, or their outer edges.
  public var alignCorners = false

  public static var importers: [Importer] {
    [
      .onnx("GridSample", since: 16) { node in
        var op = GridSample()
        let modes: [String: Mode] = [
          "linear": .linear, "bilinear": .linear, "nearest": .nearest, "cubic": .cubic, "bicubic": .cubic,
        ]
        let (mode, padding) = (
          try node.string("mode", default: "linear"), try node.string("padding_mode", default: "zeros")
        )
        guard let known = modes[mode] else {
          throw OperatorError(
            .unsupportedAttribute, "unknown mode", attribute: "mode", value: mode,
            allowed: "linear, nearest, cubic")
        }
        guard let beyond = Padding(rawValue: padding) else {
          throw OperatorError(
            .unsupportedAttribute, "unknown padding", attribute: "padding_mode", value: padding,
            allowed: "zeros, border, reflection")
        }
        op.mode = known
        op.padding = beyond
        op.alignCorners = try node.bool("align_corners", default: false)
        return op
      }
    ]
  }

  public init() {}

  private func shape(_ x: Shape, _ grid: Shape) throws -> Shape {
    guard x.count >= 3, grid.count == x.count, (grid.last?.value ?? x.count - 2) == x.count - 2 else {
      throw OperatorError(
        .shapeMismatch, "a grid of rank \(grid.count) does not fit pictures of rank \(x.count)")
    }
    let batch = try Dim.merged(x[0], grid[0], "batch sizes of pictures and grid")
    return [batch, x[1]] + Shape(grid[1..<grid.count - 1])
  }

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    let (x, grid) = (try context.tensor(0), try context.tensor(1))
    guard let pictures = x.shape, let places = grid.shape else {
      return [.tensor(x.dtype, (x.rank ?? grid.rank).map { context.unknownShape(rank: $0, "grid") })]
    }
    return [.tensor(x.dtype, try shape(pictures, places))]
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let (x, grid) = (try operands.tensor(0), try operands.tensor(1))
    let result = try shape(Shape(x.shape), Shape(grid.shape)).compactMap(\.value)
    let sizes = Array(x.shape.dropFirst(2))
    let (pixels, places) = (sizes.elementCount, Array(result.dropFirst(2)).elementCount)
    let (elements, coordinates) = (x.doubles(), grid.doubles())
    var samples = [Double](repeating: 0, count: result.elementCount)
    for batch in 0..<result[0] {
      for place in 0..<places {
        let start = (batch * places + place) * sizes.count
        let taps = self.taps(coordinates[start..<start + sizes.count], sizes)
        for channel in 0..<result[1] {
          let plane = (batch * result[1] + channel) * pixels
          var sum = 0.0
          for (offset, weight) in taps { sum += weight * elements[plane + offset] }
          samples[(batch * result[1] + channel) * places + place] = sum
        }
      }
    }
    return [.tensor(Tensor(rounding: samples, x.dtype, result))]
  }

  /// Elements of a plane, and their weights, that make up the sample at a grid place.
  private func taps(_ coordinates: ArraySlice<Double>, _ sizes: [Int]) -> [(offset: Int, weight: Double)] {
    let strides = sizes.rowMajorStrides
    var taps = [(offset: 0, weight: 1.0)]
    for (axis, coordinate) in zip(sizes.indices, coordinates.reversed()) {
      let along = axisTaps(coordinate, size: sizes[axis])
      taps = taps.flatMap { tap in
        along.map { (offset: tap.offset + $0.offset * strides[axis], weight: tap.weight * $0.weight) }
      }
    }
    return taps
  }

  private func axisTaps(_ coordinate: Double, size: Int) -> [(offset: Int, weight: Double)] {
    let length = Double(size)
    let (low, high) = alignCorners ? (0, length - 1) : (-0.5, length - 0.5)
    var x = alignCorners ? (coordinate + 1) / 2 * (length - 1) : ((coordinate + 1) * length - 1) / 2
    if mode == .nearest { x = x.rounded(.toNearestOrEven) }
    if x < low || x > high {
      // Cubic taps are held at the border one by one, as in PyTorch, which defined the operator.
      if padding == .border, mode != .cubic { x = min(max(x, 0), length - 1) }
      if padding == .reflection { x = Self.reflect(x, low, high) }
    }
    guard x.isFinite, abs(x) < 1e15 else { return [] }
    let base = x.rounded(.down)
    let distance = x - base
    let weights: [(step: Double, weight: Double)] =
      switch mode {
      case .nearest: [(0, 1)]
      case .linear: [(0, 1 - distance), (1, distance)]
      case .cubic: (-1...2).map { (Double($0), AxisResampling.cubic(abs(Double($0) - distance), -0.75)) }
      }
    return weights.compactMap { step, weight in
      index(mode == .nearest ? x.rounded(.towardZero) : base + step, low, high, size).map { ($0, weight) }
    }
  }

  /// The element at a whole place; nil: zero.
  private func index(_ place: Double, _ low: Double, _ high: Double, _ size: Int) -> Int? {
    guard size > 0 else { return nil }
    let last = Double(size) - 1
    switch padding {
    case .zeros: return place >= 0 && place <= last ? Int(place) : nil
    case .border: return Int(min(max(place, 0), last))
    case .reflection: return Int(min(max(Self.reflect(place, low, high), 0), last))
    }
  }

  private static func reflect(_ x: Double, _ low: Double, _ high: Double) -> Double {
    let range = high - low
    guard range > 0, x < low || x > high else { return range > 0 ? x : low }
    let beyond = x < low ? low - x : x - high
    let times = (beyond / range).rounded(.down)
    let rest = beyond - times * range
    let isEven = times.truncatingRemainder(dividingBy: 2) == 0
    return isEven == (x < low) ? low + rest : high - rest
  }
}
