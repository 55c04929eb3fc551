/// How a tensor of a logical shape lies in memory. Shapes of the IR are always logical (NCHW for pictures).
public enum Layout: String, Hashable, Sendable, Codable {
  /// Axes in logical order, the last one contiguous.
  case rowMajor
  /// Axis 1 (channels) innermost: NCHW lies as NHWC, NCW as NWC, NCDHW as NDHWC.
  case channelsLast

  /// Memory order of the axes of a tensor of this rank, outermost first.
  public func order(rank: Int) -> [Int] {
    switch self {
    case .rowMajor: Array(0..<rank)
    case .channelsLast where rank > 2: [0] + Array(2..<rank) + [1]
    case .channelsLast: Array(0..<rank)
    }
  }

  /// Strides in elements, by logical axis.
  public func strides(of shape: [Int]) -> [Int] {
    var strides = [Int](repeating: 0, count: shape.count)
    var step = 1
    for axis in order(rank: shape.count).reversed() {
      strides[axis] = step
      step = saturatingMultiply(step, shape[axis])
    }
    return strides
  }
}
