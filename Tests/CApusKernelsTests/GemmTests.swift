import CApusKernels
import Testing

extension KernelTests {
  @Test func productsMatchPlainLoops() {
    forEachLevel(cases: 16, seed: 3) { random, pool in
      var g = apus_gemm()
      let narrow = random.bool()
      g.batch = random.int(1...3)
      g.m = random.int(0...33)
      g.n = random.int(0...70)
      g.k = random.int(0...40)
      g.a_transposed = random.bool()
      g.b_transposed = random.bool()
      g.b_packed = random.bool()
      let (aRows, bRows) = (g.a_transposed ? g.k : g.m, g.b_transposed ? g.n : g.k)
      g.lda = (g.a_transposed ? g.m : g.k) + random.int(0...2)
      g.ldb = (g.b_transposed ? g.k : g.n) + random.int(0...2)
      g.ldc = g.n + random.int(0...2)
      g.a_batch = aRows * g.lda
      g.b_batch = g.b_packed ? 0 : bRows * g.ldb
      g.c_batch = g.m * g.ldc
      g.alpha = random.bool() ? 1 : 0.5
      g.type = dtype(narrow)
      g.parts = narrow || !g.b_packed ? 0 : [0, 2, 3][random.int(0...2)]
      g.a_type = dtype(narrow && random.bool())
      g.b_type = dtype(narrow && random.bool())
      g.c_type = dtype(narrow && random.bool())
      #expect(apus_gemm_valid(&g))
      let a = Buffer(Buffer(random.floats(g.batch * g.a_batch), g.type).values, g.a_type)
      let b = Buffer(Buffer(random.floats(max(1, g.batch * bRows * g.ldb)), g.type).values, g.b_type)
      let bias = Buffer(random.floats(g.n))
      let c = Buffer([Float](repeating: 0, count: g.batch * g.c_batch), g.c_type)
      let packed = Buffer(bytes: apus_gemm_packed_bytes(&g))
      let workspace = Buffer(bytes: apus_gemm_workspace_bytes(&g, 2))
      var epilogue = apus_epilogue()
      epilogue.bias = UnsafePointer(bias.floats)
      if g.b_packed { apus_gemm_pack(&g, b.pointer, packed.pointer) }
      apus_gemm_run(
        &g, a.pointer, g.b_packed ? packed.pointer : b.pointer, &epilogue, c.pointer, workspace.pointer, pool)
      let (av, bv, biases) = (a.values, b.values, bias.values)
      var expected = [Double](repeating: 0, count: c.count)
      for image in 0..<g.batch {
        for i in 0..<g.m {
          for j in 0..<g.n {
            var sum = 0.0
            for k in 0..<g.k {
              let left = image * g.a_batch + (g.a_transposed ? k * g.lda + i : i * g.lda + k)
              let right = image * g.b_batch + (g.b_transposed ? j * g.ldb + k : k * g.ldb + j)
              sum += Double(av[left]) * Double(bv[right])
            }
            expected[image * g.c_batch + i * g.ldc + j] = sum * Double(g.alpha) + Double(biases[j])
          }
        }
      }
      #expect(difference(c.values, expected) < tolerance(g.c_type), "\(g)")
    }
  }
}
