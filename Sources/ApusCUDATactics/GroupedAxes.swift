import ApusCUDA

/// The axes of a row-major tensor in two parts, those among groups of elements and those within a group, each with
/// neighbours merged where their strides allow it.
struct GroupedAxes {
  /// Extent of an axis and the strides of all tensors along it, the first that of the data.
  struct Axis: Equatable {
    var size: Int
    var strides: [Int]
  }

  let kept: [Axis]
  let reduced: [Axis]

  /// `others`: strides of further tensors along every axis of `shape`.
  init(_ shape: [Int], reduced axes: Set<Int>, others: [[Int]] = []) {
    var strides = [Int](repeating: 1, count: shape.count)
    for axis in shape.indices.dropLast().reversed() { strides[axis] = strides[axis + 1] * shape[axis + 1] }
    func part(_ chosen: [Int]) -> [Axis] {
      Self.merged(
        chosen.map { axis in Axis(size: shape[axis], strides: [strides[axis]] + others.map { $0[axis] }) })
    }
    kept = part(shape.indices.filter { !axes.contains($0) })
    reduced = part(shape.indices.filter(axes.contains))
  }

  private static func merged(_ axes: [Axis]) -> [Axis] {
    var result: [Axis] = []
    for axis in axes where axis.size != 1 {
      if let last = result.last, zip(last.strides, axis.strides).allSatisfy({ $0 == $1 * axis.size }) {
        result[result.count - 1] = Axis(size: last.size * axis.size, strides: axis.strides)
      } else {
        result.append(axis)
      }
    }
    return result
  }

  var groups: Int { kept.reduce(1) { $0 * $1.size } }
  var groupSize: Int { reduced.reduce(1) { $0 * $1.size } }

  /// Threads for a group.
  var lanes: Int {
    GeneralKernel.lanes(items: groups, size: groupSize, inner: reduced.last?.strides.first ?? 1)
  }

  /// `KEPT`, `KEPT_STRIDES`, `REDUCED`, `REDUCED_STRIDES` and `COUNT`; `names` are those of the other tensors.
  func defines(_ names: [String] = []) -> [KernelSource.Define] {
    var result: [KernelSource.Define] = [
      .init("COUNT", groupSize), .init("KEPT", list: kept.map(\.size), filler: 1),
      .init("REDUCED", list: reduced.map(\.size), filler: 1),
    ]
    for (index, name) in (["STRIDES"] + names).enumerated() {
      result.append(.init("KEPT_\(name)", list: kept.map { $0.strides[index] }))
      result.append(.init("REDUCED_\(name)", list: reduced.map { $0.strides[index] }))
    }
    return result
  }
}
