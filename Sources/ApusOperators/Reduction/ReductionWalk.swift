import ApusCore

/// Which elements of a dense tensor fall together when some axes are reduced.
struct ReductionWalk {
  /// Sizes of all axes, 1 where reduced.
  let keptShape: [Int]
  /// Sizes of the axes that are not reduced.
  let squeezedShape: [Int]
  /// Position of the first element of every group, in row-major order of the result.
  let starts: [Int]
  /// Distance of every element of a group from the first, in row-major order.
  let offsets: [Int]

  init(_ shape: [Int], axes: Set<Int>) {
    keptShape = shape.indices.map { axes.contains($0) ? 1 : shape[$0] }
    squeezedShape = shape.indices.filter { !axes.contains($0) }.map { shape[$0] }
    let strides = shape.rowMajorStrides
    starts = Self.positions(shape, strides, shape.indices.filter { !axes.contains($0) })
    offsets = Self.positions(shape, strides, shape.indices.filter { axes.contains($0) })
  }

  private static func positions(_ shape: [Int], _ strides: [Int], _ axes: [Int]) -> [Int] {
    var positions = [0]
    for axis in axes {
      var next: [Int] = []
      next.reserveCapacity(positions.count * shape[axis])
      for position in positions {
        for index in 0..<shape[axis] { next.append(position + index * strides[axis]) }
      }
      positions = next
    }
    return positions
  }

  /// Calls `reduce` for every group.
  func map<T, R>(_ elements: [T], _ reduce: (Group<T>) -> R) -> [R] {
    elements.withUnsafeBufferPointer { base in
      offsets.withUnsafeBufferPointer { offsets in
        starts.map { reduce(Group(base: base, start: $0, offsets: offsets)) }
      }
    }
  }

  /// The elements that become one.
  struct Group<T>: RandomAccessCollection {
    let base: UnsafeBufferPointer<T>
    let start: Int
    let offsets: UnsafeBufferPointer<Int>

    var startIndex: Int { 0 }
    var endIndex: Int { offsets.count }
    subscript(index: Int) -> T { base[start + offsets[index]] }
  }
}

/// Sizes before, at and after one axis of a dense tensor.
struct AxisSplit {
  let outer: Int
  let size: Int
  let inner: Int

  init(_ shape: [Int], axis: Int) {
    outer = Array(shape[..<axis]).elementCount
    size = shape[axis]
    inner = Array(shape[(axis + 1)...]).elementCount
  }
}
