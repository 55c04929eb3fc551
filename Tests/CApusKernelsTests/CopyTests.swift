import CApusKernels
import Testing

extension KernelTests {
  @Test func transposesMatchPlainLoops() {
    forEachLevel(cases: 12, seed: 6) { random, pool in
      let rank = random.int(0...4)
      let shape = (0..<rank).map { _ in random.int(1...(rank > 2 ? 9 : 40)) }
      let axes = Array(0..<Int32(rank)).shuffled(using: &random)
      let bytes = [1, 2, 4, 8][random.int(0...3)]
      let count = shape.reduce(1, *)
      let from = (0..<count * bytes).map { _ in UInt8.random(in: 0...255, using: &random) }
      var to = [UInt8](repeating: 0, count: count * bytes)
      var copy = apus_copy_transpose(Int32(rank), shape, axes, Int32(bytes))
      apus_copy_run(&copy, from, &to, pool)
      var strides = [Int](repeating: 1, count: rank)
      for i in (0..<max(rank - 1, 0)).reversed() { strides[i] = strides[i + 1] * shape[i + 1] }
      let expected = (0..<count).flatMap { index -> ArraySlice<UInt8> in
        var (rest, at) = (index, 0)
        for axis in axes.reversed() {
          at += rest % shape[Int(axis)] * strides[Int(axis)]
          rest /= shape[Int(axis)]
        }
        return from[at * bytes..<(at + 1) * bytes]
      }
      #expect(to == expected, "shape \(shape) axes \(axes) bytes \(bytes)")
    }
  }

  @Test func copiesReverseAndBroadcast() {
    var copy = apus_copy()
    copy.rank = 2
    copy.element_bytes = 4
    copy.shape = (3, 4, 0, 0, 0, 0, 0, 0)
    copy.in_strides = (0, -1, 0, 0, 0, 0, 0, 0)
    copy.out_strides = (4, 1, 0, 0, 0, 0, 0, 0)
    let from: [Int32] = [1, 2, 3, 4]
    var to = [Int32](repeating: 0, count: 12)
    from.withUnsafeBufferPointer { apus_copy_run(&copy, $0.baseAddress.map { $0 + 3 }, &to, nil) }
    #expect(to == [4, 3, 2, 1, 4, 3, 2, 1, 4, 3, 2, 1])
  }
}
