import ApusCore

/// What a start, an end and a step select of an axis.
enum SliceBounds {
  /// Bounds at or beyond this stand for the end of the axis whatever its size.
  private static let endless = Int(Int32.max)

  /// The selected indices of an axis of `size`.
  static func indices(_ size: Int, from start: Int, to end: Int, by step: Int) throws -> [Int] {
    guard step != 0 else { throw OperatorError(.invalidValue, "a step is 0") }
    func absolute(_ bound: Int) -> Int { bound < 0 ? bound + size : bound }
    let step = min(max(step, -size - 1), size + 1)
    if step > 0 {
      let (first, last) = (min(max(absolute(start), 0), size), min(max(absolute(end), 0), size))
      return Array(stride(from: first, to: last, by: step))
    }
    let (first, last) = (min(max(absolute(start), 0), size - 1), min(max(absolute(end), -1), size - 1))
    return Array(stride(from: first, to: last, by: step))
  }

  /// How many indices are selected of an axis of `size`; nil when only running can tell.
  static func size(_ size: Dim, from start: Dim, to end: Dim, by step: Int) throws -> Dim? {
    guard step != 0 else { throw OperatorError(.invalidValue, "a step is 0") }
    if let size = size.value, let start = start.value, let end = end.value {
      return .constant(count(size, start, end, step))
    }
    if step < 0 {
      guard let start = start.value, let end = end.value, start == -1 || start >= endless, end < -endless
      else {
        return nil
      }
      return size.ceilDiv(.constant(-max(step, -endless)))
    }
    guard let first = absolute(start, size), let last = absolute(end, size) else { return nil }
    return span(first, last, size, start).ceilDiv(.constant(step))
  }

  private static func count(_ declared: Int, _ start: Int, _ end: Int, _ step: Int) -> Int {
    // Declared sizes may be anything; arithmetic on these cannot overflow.
    let size = min(max(declared, 0), 1 << 60)
    func absolute(_ bound: Int) -> Int { bound < 0 ? bound + size : bound }
    let step = min(max(step, -size - 1), size + 1)
    if step > 0 {
      let (first, last) = (min(max(absolute(start), 0), size), min(max(absolute(end), 0), size))
      return max(0, (last - first + step - 1) / step)
    }
    let (first, last) = (min(max(absolute(start), 0), size - 1), min(max(absolute(end), -1), size - 1))
    return max(0, (first - last - step - 1) / -step)
  }

  /// A bound counted from the start and cut to the axis.
  private static func absolute(_ bound: Dim, _ size: Dim) -> Dim? {
    guard let value = bound.value else {
      let gap = size - bound
      if let gap = gap.value { return gap <= 0 ? size : gap == 1 ? bound : Dim.max(bound, 0) }
      return bound.isNonNegative ? Dim.min(bound, size) : nil
    }
    if value == 0 { return 0 }
    if let size = size.value { return .constant(min(max(value < 0 ? value + size : value, 0), size)) }
    if value >= endless { return size }
    if value < -endless { return 0 }
    if value > 0 { return Dim.min(bound, size) }
    return value == -1 ? size - 1 : Dim.max(size + bound, 0)
  }

  private static func span(_ first: Dim, _ last: Dim, _ size: Dim, _ start: Dim) -> Dim {
    if first == 0 { return last }
    if last == size, let start = start.value, start > 0 {
      // size - min(start, size); a symbolic axis is taken to have at least one element.
      return start == 1 ? size - 1 : Dim.max(size - .constant(start), 0)
    }
    let length = last - first
    return length.isNonNegative ? length : Dim.max(length, 0)
  }
}
