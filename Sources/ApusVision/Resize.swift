/// How a picture is brought to another size. Pixel centres lie at half-integers in all of them.
public enum Resampling: String, Sendable, Hashable, CaseIterable {
  /// The source pixel under the centre of the target pixel, as torchvision's `nearest-exact`; a centre between two
  /// pixels takes the right one, where Pillow may take the left.
  case nearest
  /// Two taps an axis without a filter, as OpenCV's `INTER_LINEAR`.
  case bilinear
  /// A triangle filter widened when shrinking, in two passes with 8 bits between them, as Pillow and torchvision's
  /// `antialias=True`.
  case bilinearAntialias = "bilinear-aa"
}

extension Picture {
  /// The picture at another size; both sizes must be positive.
  public func resized(width newWidth: Int, height newHeight: Int, _ resampling: Resampling) -> Picture {
    if newWidth == width && newHeight == height { return self }
    switch resampling {
    case .nearest: return resizedNearest(newWidth, newHeight)
    case .bilinear: return resizedBilinear(newWidth, newHeight)
    case .bilinearAntialias:
      return filtered(columns: FilterTaps(from: width, to: newWidth))
        .filtered(rows: FilterTaps(from: height, to: newHeight))
    }
  }

  private func resizedNearest(_ newWidth: Int, _ newHeight: Int) -> Picture {
    let columns = Picture.nearest(from: width, to: newWidth)
    let rows = Picture.nearest(from: height, to: newHeight)
    return make(newWidth, newHeight) { source, target in
      var at = 0
      for row in rows {
        for column in columns {
          let from = (row * width + column) * 3
          for channel in 0..<3 { target[at + channel] = source[from + channel] }
          at += 3
        }
      }
    }
  }

  private static func nearest(from size: Int, to newSize: Int) -> [Int] {
    let scale = Double(size) / Double(newSize)
    return (0..<newSize).map { min(Int((Double($0) + 0.5) * scale), size - 1) }
  }

  /// Position and weight of the second tap, in 1/2048.
  private static func linear(from size: Int, to newSize: Int) -> [(first: Int, second: Int, weight: Int32)] {
    let scale = Double(size) / Double(newSize)
    return (0..<newSize).map { index in
      let position = (Double(index) + 0.5) * scale - 0.5
      let floor = position.rounded(.down)
      let first = min(max(Int(floor), 0), size - 1)
      let second = min(max(Int(floor) + 1, 0), size - 1)
      return (first, second, Int32(((position - floor) * 2048).rounded()))
    }
  }

  private func resizedBilinear(_ newWidth: Int, _ newHeight: Int) -> Picture {
    let columns = Picture.linear(from: width, to: newWidth)
    let rows = Picture.linear(from: height, to: newHeight)
    return make(newWidth, newHeight) { source, target in
      var at = 0
      for row in rows {
        let upper = row.first * width * 3
        let lower = row.second * width * 3
        for column in columns {
          let left = column.first * 3
          let right = column.second * 3
          for channel in 0..<3 {
            let top =
              Int32(source[upper + left + channel]) * (2048 - column.weight)
              + Int32(source[upper + right + channel]) * column.weight
            let bottom =
              Int32(source[lower + left + channel]) * (2048 - column.weight)
              + Int32(source[lower + right + channel]) * column.weight
            let sum = top * (2048 - row.weight) + bottom * row.weight
            target[at + channel] = UInt8(truncatingIfNeeded: (sum + 1 << 21) >> 22)
          }
          at += 3
        }
      }
    }
  }

  private func filtered(columns taps: FilterTaps) -> Picture {
    if taps.isIdentity { return self }
    return make(taps.count, height) { source, target in
      var at = 0
      for y in 0..<height {
        for x in 0..<taps.count {
          let from = (y * width + taps.starts[x]) * 3
          for channel in 0..<3 {
            target[at] = taps.sum(x, source, from: from + channel, step: 3)
            at += 1
          }
        }
      }
    }
  }

  private func filtered(rows taps: FilterTaps) -> Picture {
    if taps.isIdentity { return self }
    let rowCount = width * 3
    return make(width, taps.count) { source, target in
      var at = 0
      for y in 0..<taps.count {
        for column in 0..<rowCount {
          target[at] = taps.sum(y, source, from: taps.starts[y] * rowCount + column, step: rowCount)
          at += 1
        }
      }
    }
  }

  /// A picture filled by `body` from the pixels of this one.
  func make(
    _ width: Int, _ height: Int,
    _ body: (_ source: UnsafeBufferPointer<UInt8>, _ target: UnsafeMutableBufferPointer<UInt8>) -> Void
  ) -> Picture {
    let byteCount = width * height * 3
    let result = [UInt8](unsafeUninitializedCapacity: byteCount) { target, count in
      target.update(repeating: 0)
      pixels.withUnsafeBufferPointer { body($0, UnsafeMutableBufferPointer(rebasing: target[..<byteCount])) }
      count = byteCount
    }
    return Picture(width: width, height: height, pixels: result)
  }
}

/// Weights of a triangle filter along one axis, in fixed point with 22 bits, one run of taps a target position.
struct FilterTaps {
  let starts: [Int]
  let isIdentity: Bool
  private let offsets: [Int]
  private let weights: [Int32]

  var count: Int { starts.count }

  init(from size: Int, to newSize: Int) {
    isIdentity = size == newSize
    let scale = Double(size) / Double(newSize)
    // The filter's reach grows with the reduction, never below one source pixel.
    let reach = max(scale, 1)
    var starts: [Int] = []
    var offsets = [0]
    var weights: [Int32] = []
    for index in 0..<newSize {
      let centre = (Double(index) + 0.5) * scale
      let first = max(Int(centre - reach + 0.5), 0)
      let last = min(Int(centre + reach + 0.5), size)
      let run = (first..<last).map { max(1 - ((Double($0) - centre + 0.5) * (1 / reach)).magnitude, 0) }
      let normalise = 1 / run.reduce(0, +)
      starts.append(first)
      weights += run.map { Int32($0 * normalise * 0x1p22 + 0.5) }
      offsets.append(weights.count)
    }
    self.starts = starts
    self.offsets = offsets
    self.weights = weights
  }

  @inline(__always)
  func sum(_ index: Int, _ source: UnsafeBufferPointer<UInt8>, from start: Int, step: Int) -> UInt8 {
    var sum = Int32(1) << 21
    var at = start
    for tap in offsets[index]..<offsets[index + 1] {
      sum &+= Int32(source[at]) &* weights[tap]
      at += step
    }
    return UInt8(clamping: sum >> 22)
  }
}
