/// Places buffers with known lifetimes in one arena.
///
/// Greedy by size: the largest first, each at the lowest offset that no buffer alive at the same time covers
/// (Pisarchyk and Lee, "Efficient memory management for deep neural net inference", 2020).
public enum MemoryPlanner {
  /// A buffer that lives from step `first` to step `last`, both included.
  public struct Request: Sendable {
    public var byteCount: Int
    public var first: Int
    public var last: Int

    public init(byteCount: Int, first: Int, last: Int) {
      self.byteCount = byteCount
      self.first = first
      self.last = last
    }
  }

  public struct Placement: Sendable {
    /// One offset a request.
    public var offsets: [Int]
    /// Size of the arena in bytes.
    public var peak: Int
  }

  public static let alignment = 64

  public static func place(_ requests: [Request]) -> Placement {
    var offsets = [Int](repeating: 0, count: requests.count)
    var peak = 0
    var placed: [Int] = []
    let order = requests.indices.sorted {
      (requests[$0].byteCount, -requests[$0].first) > (requests[$1].byteCount, -requests[$1].first)
    }
    for index in order {
      let request = requests[index]
      let size = rounded(request.byteCount)
      var offset = 0
      for other in placed where requests[other].first <= request.last && request.first <= requests[other].last
      {
        if offsets[other] >= offset + size { break }
        offset = max(offset, offsets[other] + rounded(requests[other].byteCount))
      }
      offsets[index] = offset
      peak = max(peak, offset + size)
      placed.insert(index, at: placed.firstIndex { offsets[$0] > offset } ?? placed.count)
    }
    return Placement(offsets: offsets, peak: peak)
  }

  static func rounded(_ byteCount: Int) -> Int { (byteCount + alignment - 1) / alignment * alignment }
}
