public import ApusCore

/// Resamples a tensor along its axes. Inputs: the tensor, a region of interest (only for `tfCropAndResize`), scales, or
/// sizes. ONNX Resize 10, 11, 13, 18, 19; Upsample 1, 7, 9, 10.
public struct Resize: Operator {
  public enum Mode: String, Hashable, Sendable, Codable { case nearest, linear, cubic }

  /// How a place of the result becomes one of the input.
  public enum Coordinates: String, Hashable, Sendable, Codable, CaseIterable {
    case halfPixel = "half_pixel"
    case halfPixelSymmetric = "half_pixel_symmetric"
    case pytorchHalfPixel = "pytorch_half_pixel"
    case alignCorners = "align_corners"
    case asymmetric
    case tfCropAndResize = "tf_crop_and_resize"
    case tfHalfPixelForNearest = "tf_half_pixel_for_nn"
  }

  /// Which element is the nearest.
  public enum Nearest: String, Hashable, Sendable, Codable, CaseIterable {
    case roundPreferFloor = "round_prefer_floor"
    case roundPreferCeil = "round_prefer_ceil"
    case floor, ceil
    /// Down when the axis grows, up when it shrinks (Resize 10).
    case simple
  }

  /// What the sizes mean for the aspect ratio.
  public enum AspectRatio: String, Hashable, Sendable, Codable, CaseIterable {
    case stretch
    case notLarger = "not_larger"
    case notSmaller = "not_smaller"
  }

  public var mode = Mode.nearest
  public var coordinates = Coordinates.halfPixel
  public var nearest = Nearest.roundPreferFloor
  public var cubicCoefficient = -0.75
  public var excludeOutside = false
  public var extrapolationValue = 0.0
  public var antialias = false
  /// Axes that region, scales and sizes are for; nil: all.
  public var axes: [Int]?
  public var aspectRatio = AspectRatio.stretch

  public init() {}

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    let x = try context.tensor(0)
    guard let shape = x.shape else { return [.tensor(x.dtype, nil)] }
    let axes = try resizedAxes(rank: shape.count)
    if Self.isGiven(context.optional(3)) {
      guard let sizes = context.dims(3) else { return [.tensor(x.dtype, unknown(shape, axes, context))] }
      return [.tensor(x.dtype, try resized(shape, axes, sizes: sizes) ?? unknown(shape, axes, context))]
    }
    guard Self.isGiven(context.optional(2)) else {
      throw OperatorError(.wrongInputCount, "neither scales nor sizes are given")
    }
    guard let scales = context.constant(2)?.doubles() ?? context.contents(2).flatMap(Self.numbers) else {
      return [.tensor(x.dtype, unknown(shape, axes, context))]
    }
    try check(axes, scales.count)
    var result = shape
    for (axis, scale) in zip(axes, scales) {
      result[axis] = Self.size(shape[axis], scale) ?? context.fresh("resize")
    }
    return [.tensor(x.dtype, result)]
  }

  /// Old models give empty tensors for inputs that they leave out.
  private static func isGiven(_ type: TensorType?) -> Bool { type != nil && type?.shape != [0] }

  private static func numbers(_ contents: Contents) -> [Double]? {
    let numbers = contents.elements.compactMap(\.number)
    return numbers.count == contents.elements.count ? numbers : nil
  }

  private func unknown(_ shape: Shape, _ axes: [Int], _ context: InferenceContext) -> Shape {
    var result = shape
    for axis in axes { result[axis] = context.fresh("resize") }
    return result
  }

  func resizedAxes(rank: Int) throws -> [Int] {
    let axes = try (axes ?? Array(0..<rank)).map { try normalizedAxis($0, rank: rank, attribute: "axes") }
    guard Set(axes).count == axes.count else {
      throw OperatorError(.invalidAttribute, "an axis is named twice", attribute: "axes")
    }
    return axes
  }

  func check(_ axes: [Int], _ count: Int) throws {
    guard count == axes.count else {
      throw OperatorError(.shapeMismatch, "\(count) scales or sizes for \(axes.count) axes")
    }
  }

  /// Size of an axis after scaling. The product is rounded to single precision first, as runtimes and ONNX's own shape
  /// inference do; nil when a symbol is scaled by no simple fraction.
  static func size(_ size: Dim, _ scale: Double) -> Dim? {
    if let value = size.value {
      return .constant(Int(exactly: (Float(value) * Float(scale)).rounded(.down)) ?? -1)
    }
    guard let ratio = Contents.Element(exactly: scale), ratio.denominator <= 1024 else { return nil }
    return (size * ratio.numerator).floorDiv(.constant(ratio.denominator))
  }

  /// Shape for given sizes; nil when the aspect ratio of a symbolic shape must be kept.
  func resized(_ shape: Shape, _ axes: [Int], sizes: [Dim]) throws -> Shape? {
    try check(axes, sizes.count)
    var result = shape
    if aspectRatio == .stretch {
      for (axis, size) in zip(axes, sizes) { result[axis] = size }
      return result
    }
    let pairs = zip(axes, sizes).compactMap { axis, size in
      shape[axis].value.flatMap { old in size.value.map { (old, $0) } }
    }
    guard pairs.count == axes.count, let scale = commonScale(pairs) else { return nil }
    for (axis, pair) in zip(axes, pairs) {
      result[axis] = .constant(Int(exactly: (scale * Double(pair.0) + 0.5).rounded(.down)) ?? -1)
    }
    return result
  }

  /// The scale that keeps the aspect ratio.
  func commonScale(_ pairs: [(old: Int, new: Int)]) -> Double? {
    let scales = pairs.filter { $0.old > 0 }.map { Double($0.new) / Double($0.old) }
    return aspectRatio == .notLarger ? scales.min() : scales.max()
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let x = try operands.tensor(0)
    let plans = try axisPlans(operands, x.shape)
    let result = plans.map(\.newSize)
    try ElementMap.check(result)
    if mode == .nearest {
      let indices = try plans.map { try $0.nearestIndices(nearest) }
      let fill = x.dtype == .string ? nil : Tensor(filling: extrapolationValue, x.dtype, [])
      return [.tensor(try ElementMap(indices: indices, of: x.shape).apply(to: x, fill: fill))]
    }
    guard x.dtype.isFloat || x.dtype.isInteger else {
      throw OperatorError(.unsupportedType, "\(x.dtype.rawValue) cannot be interpolated")
    }
    var (elements, shape) = (x.doubles(), x.shape)
    for (axis, plan) in plans.enumerated() where !plan.isIdentity {
      let taps = try plan.taps(of: self)
      elements = Self.resample(elements, shape, axis: axis, taps, extrapolation: extrapolationValue)
      shape[axis] = plan.newSize
    }
    return [.tensor(Tensor(rounding: elements, x.dtype, shape))]
  }

  private static func resample(
    _ elements: [Double], _ shape: [Int], axis: Int, _ taps: [AxisResampling.Taps], extrapolation: Double
  ) -> [Double] {
    let (size, inner) = (shape[axis], Array(shape[(axis + 1)...]).elementCount)
    var result: [Double] = []
    result.reserveCapacity(elements.count / max(size, 1) * taps.count)
    for outer in 0..<Array(shape[..<axis]).elementCount {
      for tap in taps {
        for column in 0..<inner {
          guard !tap.isOutside else {
            result.append(extrapolation)
            continue
          }
          var sum = 0.0
          for (index, weight) in zip(tap.indices, tap.weights) {
            sum += weight * elements[(outer * size + index) * inner + column]
          }
          result.append(sum)
        }
      }
    }
    return result
  }
}

extension Tensor {
  /// As `init(doubles:_:_:)`, but integers are rounded to nearest even and held within their range.
  init(rounding elements: [Double], _ dtype: DType, _ shape: [Int]) {
    guard let range = dtype.integerRange else {
      self.init(doubles: elements, dtype, shape)
      return
    }
    let (low, high) = (Double(range.lowerBound), Double(range.upperBound))
    self.init(
      doubles: elements.map { min(max($0.rounded(.toNearestOrEven), low), high) }, dtype, shape)
  }
}
