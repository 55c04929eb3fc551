import ApusCore

extension Tensor {
  /// Ranks of the elements: smaller means earlier, equal means equal. NaN comes last, strings by Unicode scalars.
  func orderRanks() -> [Int] {
    if dtype == .string {
      return Self.ranks(strings) { a, b in a.unicodeScalars.lexicographicallyPrecedes(b.unicodeScalars) }
    }
    if dtype.isFloat {
      return Self.ranks(doubles()) { a, b in a < b || (b.isNaN && !a.isNaN) }
    }
    if dtype == .u64 { return Self.ranks(elements(as: UInt64.self), by: <) }
    return Self.ranks(integers(), by: <)
  }

  private static func ranks<T>(_ elements: [T], by precedes: (T, T) -> Bool) -> [Int] {
    let order = elements.indices.sorted { precedes(elements[$0], elements[$1]) }
    var (ranks, rank) = ([Int](repeating: 0, count: elements.count), 0)
    for (step, index) in order.enumerated() {
      if step > 0, precedes(elements[order[step - 1]], elements[index]) { rank += 1 }
      ranks[index] = rank
    }
    return ranks
  }
}
