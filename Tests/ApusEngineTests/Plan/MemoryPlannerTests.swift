import ApusEngine
import Testing

@Suite struct MemoryPlannerTests {
  @Test func buffersAliveTogetherNeverOverlap() {
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<50 {
      let requests = (0..<Int.random(in: 1...40, using: &generator)).map { _ in
        let first = Int.random(in: 0..<30, using: &generator)
        return MemoryPlanner.Request(
          byteCount: Int.random(in: 0...5000, using: &generator), first: first,
          last: first + Int.random(in: 0..<10, using: &generator))
      }
      let placement = MemoryPlanner.place(requests)
      for (i, a) in requests.enumerated() {
        #expect(placement.offsets[i] + a.byteCount <= placement.peak)
        for (j, b) in requests.enumerated() where i < j && a.first <= b.last && b.first <= a.last {
          let (x, y) = (placement.offsets[i], placement.offsets[j])
          #expect(x + a.byteCount <= y || y + b.byteCount <= x)
        }
      }
    }
  }

  @Test func memoryIsUsedAgain() {
    let chain = (0..<10).map { MemoryPlanner.Request(byteCount: 1024, first: $0, last: $0 + 1) }
    #expect(MemoryPlanner.place(chain).peak == 2048)
  }
}
