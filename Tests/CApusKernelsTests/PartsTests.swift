import CApusKernels
import Testing

/// FP32 products of BF16 parts.
private struct PartsCase {
  let (m, n, k): (Int, Int, Int)
  var parts: Int32 = 3

  /// Bound of the error relative to the largest result.
  var tolerance: Double { parts == 3 ? 2e-6 : 3e-5 }

  /// `a` times `b`, through packed parts.
  func run(_ a: [Float], _ b: [Float], _ pool: OpaquePointer?) -> [Float] {
    var g = apus_gemm()
    g.batch = 1
    (g.m, g.n, g.k, g.lda, g.ldb, g.ldc) = (m, n, k, k, n, n)
    g.alpha = 1
    (g.b_packed, g.parts) = (true, parts)
    let packed = Buffer(bytes: apus_gemm_packed_bytes(&g))
    let workspace = Buffer(bytes: apus_gemm_workspace_bytes(&g, 2))
    let (left, right) = (Buffer(a), Buffer(b))
    let c = Buffer([Float](repeating: .nan, count: m * n))
    apus_gemm_pack(&g, right.pointer, packed.pointer)
    var epilogue = apus_epilogue()
    withExtendedLifetime((left, right)) {
      apus_gemm_run(&g, left.pointer, packed.pointer, &epilogue, c.pointer, workspace.pointer, pool)
    }
    return c.values
  }

  func expected(_ a: [Float], _ b: [Float]) -> [Double] {
    var sums = [Double](repeating: 0, count: m * n)
    for i in 0..<m {
      for l in 0..<k {
        let left = Double(a[i * k + l])
        for j in 0..<n { sums[i * n + j] += left * Double(b[l * n + j]) }
      }
    }
    return sums
  }
}

extension KernelTests {
  /// More rows, depth and columns than are kept at a time, and remainders of each.
  @Test(arguments: [(130, 35, 70), (33, 530, 40), (17, 20, 1100), (1, 1, 1), (129, 514, 33)], [Int32(2), 3])
  func productsOfPartsKeepTheirBits(sizes: (m: Int, n: Int, k: Int), parts: Int32) {
    let (m, n, k) = sizes
    let product = PartsCase(m: m, n: n, k: k, parts: parts)
    forEachLevel(cases: 2, seed: 21) { random, pool in
      let (a, b) = (random.floats(m * k, -3...5), random.floats(k * n))
      #expect(difference(product.run(a, b, pool), product.expected(a, b)) < product.tolerance)
    }
  }

  @Test(arguments: [Int32(2), 3]) func numbersWithoutPartsMultiplyAllTheSame(parts: Int32) {
    let product = PartsCase(m: 40, n: 20, k: 700, parts: parts)
    forEachLevel(cases: 1, seed: 22) { random, pool in
      var (a, b) = (random.floats(40 * 700), random.floats(700 * 20))
      for j in 0..<20 { b[600 * 20 + j] = 1 }
      a[3 * 700 + 600] = .infinity
      a[4 * 700 + 600] = .nan
      a[5 * 700 + 600] = 3.4e38
      let c = product.run(a, b, pool)
      #expect((0..<20).allSatisfy { c[3 * 20 + $0] == .infinity && c[4 * 20 + $0].isNaN })
      #expect((0..<20).allSatisfy { abs(c[5 * 20 + $0] / 3.4e38 - 1) < 1e-6 })
      for index in [3, 4, 5] { a[index * 700 + 600] = 0 }
      let others = product.expected(a, b)
      #expect(difference(Array(c[6 * 20..<40 * 20]), Array(others[6 * 20..<40 * 20])) < product.tolerance)
    }
  }

  @Test func someNumbersHaveNoParts() {
    #expect(apus_parts_fit([1, -2e38 / 2, 0, .leastNonzeroMagnitude], 4))
    for x in [Float.infinity, -.infinity, .nan, 3e38] { #expect(!apus_parts_fit([1, x], 2)) }
  }
}
