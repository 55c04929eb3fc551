package import ApusCore

/// How `Resize` resamples one axis.
package struct AxisResampling {
  package let oldSize: Int
  package let newSize: Int
  package let scale: Double
  /// The scaled size, which need not be an integer.
  package let exactSize: Double
  let coordinates: Resize.Coordinates
  /// Part of the axis that `tfCropAndResize` maps to the result, from 0 to 1.
  let region: (start: Double, end: Double)

  /// The inputs that one element of the result is a weighted sum of.
  package struct Taps {
    package var indices: [Int]
    package var weights: [Double]
    /// Beyond the input: the extrapolation value instead.
    var isOutside = false
  }

  package var isIdentity: Bool {
    oldSize == newSize && abs(scale - 1) < 1e-9 && region == (0, 1)
  }

  /// The place in the input of each element of the result.
  func places() -> [Double] {
    let (old, last) = (Double(oldSize), Double(oldSize) - 1)
    return (0..<newSize).map { index in
      let x = Double(index)
      switch coordinates {
      case .halfPixel: return (x + 0.5) / scale - 0.5
      case .halfPixelSymmetric:
        return old / 2 * (1 - Double(newSize) / exactSize) + (x + 0.5) / scale - 0.5
      case .pytorchHalfPixel: return exactSize == 1 ? 0 : (x + 0.5) / scale - 0.5
      case .alignCorners: return exactSize == 1 ? 0 : x * last / (exactSize - 1)
      case .asymmetric: return x / scale
      case .tfHalfPixelForNearest: return (x + 0.5) / scale
      case .tfCropAndResize:
        let (start, span) = (region.start * last, (region.end - region.start) * last)
        return start + (exactSize == 1 ? span / 2 : x * span / (exactSize - 1))
      }
    }
  }

  private func isOutside(_ place: Double) -> Bool {
    coordinates == .tfCropAndResize && (place < 0 || place > Double(oldSize) - 1)
  }

  private func checkElements() throws {
    guard oldSize > 0 || newSize == 0 else {
      throw OperatorError(.shapeMismatch, "an axis without elements cannot be resized")
    }
  }

  /// Index of the nearest element for each element of the result, `ElementMap.fill` beyond the input.
  package func nearestIndices(_ mode: Resize.Nearest) throws -> [Int] {
    if isIdentity { return Array(0..<oldSize) }
    try checkElements()
    return places().map { place in
      if isOutside(place) { return ElementMap.fill }
      let rounded: Double =
        switch mode {
        case .roundPreferFloor: (place - 0.5).rounded(.up)
        case .roundPreferCeil: (place + 0.5).rounded(.down)
        case .floor: place.rounded(.down)
        case .ceil: place.rounded(.up)
        case .simple: place.rounded(scale < 1 ? .up : .down)
        }
      return Int(min(max(rounded, 0), Double(oldSize) - 1))
    }
  }

  /// Weights of linear or cubic interpolation.
  package func taps(of op: Resize) throws -> [Taps] {
    if newSize == 0 { return [] }
    try checkElements()
    // Shrinking with antialiasing stretches the filter.
    let stretch = op.antialias ? min(scale, 1) : 1
    let radius = (op.mode == .cubic ? 2 : 1) / stretch
    let half = Int(radius.rounded(.up))
    return places().map { place in
      if isOutside(place) { return Taps(indices: [], weights: [], isOutside: true) }
      let base = Int(min(max(place.rounded(.down), -1e9), 1e9))
      let indices = Array(base - half + 1...base + half)
      var weights = indices.map { index in
        let distance = abs(Double(index) - place) * stretch
        return op.mode == .cubic ? Self.cubic(distance, op.cubicCoefficient) : max(0, 1 - distance)
      }
      if op.antialias { Self.normalize(&weights) }
      if op.excludeOutside {
        for (tap, index) in indices.enumerated() where index < 0 || index >= oldSize { weights[tap] = 0 }
        Self.normalize(&weights)
      }
      return Taps(indices: indices.map { min(max($0, 0), oldSize - 1) }, weights: weights)
    }
  }

  private static func normalize(_ weights: inout [Double]) {
    let sum = weights.reduce(0, +)
    if sum != 0 { weights = weights.map { $0 / sum } }
  }

  /// Keys, "Cubic convolution interpolation for digital image processing", 1981, with free coefficient `a`.
  static func cubic(_ x: Double, _ a: Double) -> Double {
    if x <= 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
    return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0
  }
}

extension Resize {
  /// How each axis is resampled.
  package func axisPlans(_ operands: Operands, _ shape: [Int]) throws -> [AxisResampling] {
    let axes = try resizedAxes(rank: shape.count)
    var (scales, exact) = ([Double](repeating: 1, count: shape.count), shape.map { Double($0) })
    var result = shape
    if let sizes = operands.optionalSizes(3), !sizes.isEmpty {
      result = try resized(Shape(shape), axes, sizes: Shape(sizes))?.compactMap(\.value) ?? shape
      let common = aspectRatio == .stretch ? nil : commonScale(zip(axes, sizes).map { (shape[$0], $1) })
      for axis in axes {
        scales[axis] = common ?? (shape[axis] > 0 ? Double(result[axis]) / Double(shape[axis]) : 1)
        exact[axis] = common.map { $0 * Double(shape[axis]) } ?? Double(result[axis])
      }
    } else {
      let given = operands.optional(2)?.doubles() ?? []
      try check(axes, given.count)
      for (axis, scale) in zip(axes, given) {
        guard scale > 0, scale.isFinite else {
          throw OperatorError(.invalidValue, "a scale is not positive", value: "\(scale)")
        }
        scales[axis] = scale
        exact[axis] = scale * Double(shape[axis])
        result[axis] = Self.size(.constant(shape[axis]), scale)?.value ?? shape[axis]
      }
    }
    try ElementMap.check(result)
    let regions = try regions(operands.optional(1), axes, rank: shape.count)
    return shape.indices.map { axis in
      AxisResampling(
        oldSize: shape[axis], newSize: result[axis], scale: scales[axis], exactSize: exact[axis],
        coordinates: coordinates, region: regions[axis])
    }
  }

  private func regions(_ roi: Tensor?, _ axes: [Int], rank: Int) throws -> [(start: Double, end: Double)] {
    var regions = [(start: Double, end: Double)](repeating: (0, 1), count: rank)
    guard coordinates == .tfCropAndResize else { return regions }
    let numbers = roi?.doubles() ?? []
    guard numbers.count == 2 * axes.count else {
      throw OperatorError(
        .invalidValue,
        "tf_crop_and_resize needs a region of \(2 * axes.count) numbers, there are \(numbers.count)")
    }
    for (place, axis) in axes.enumerated() { regions[axis] = (numbers[place], numbers[axes.count + place]) }
    return regions
  }
}
