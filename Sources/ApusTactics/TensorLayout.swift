public import ApusCore

extension Tensor {
  /// The elements in the order of another layout, under the same logical shape.
  public func reordered(to layout: Layout) -> Tensor {
    let order = layout.order(rank: rank)
    guard order != Array(0..<rank), dtype.bitWidth >= 8 else { return self }
    let (outer, channels, inner) = (shape[0], shape[1], shape[2...].reduce(1, *))
    return Tensor(dtype, shape) { target in
      withUnsafeBytes { source in
        switch dtype.bitWidth / 8 {
        case 1: Self.moveLast(source, target, outer, channels, inner, as: UInt8.self)
        case 2: Self.moveLast(source, target, outer, channels, inner, as: UInt16.self)
        case 4: Self.moveLast(source, target, outer, channels, inner, as: UInt32.self)
        case 8: Self.moveLast(source, target, outer, channels, inner, as: UInt64.self)
        default: Self.moveLast(source, target, outer, channels, inner, as: SIMD2<UInt64>.self)
        }
      }
    }
  }

  /// `[outer, channels, inner]` to `[outer, inner, channels]`.
  private static func moveLast<Element>(
    _ source: UnsafeRawBufferPointer, _ target: UnsafeMutableRawBufferPointer, _ outer: Int, _ channels: Int,
    _ inner: Int, as type: Element.Type
  ) {
    let (from, to) = (source.bindMemory(to: type), target.bindMemory(to: type))
    let size = channels * inner
    for start in stride(from: 0, to: outer * size, by: max(size, 1)) {
      // Blocks of both axes: one side alone would touch a line of memory for every element.
      for first in stride(from: 0, to: inner, by: 16) {
        for channel in 0..<channels {
          for pixel in first..<min(first + 16, inner) {
            to[start + pixel * channels + channel] = from[start + channel * inner + pixel]
          }
        }
      }
    }
  }
}
