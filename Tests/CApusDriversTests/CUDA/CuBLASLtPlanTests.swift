import CApusDrivers
import Testing

/// Row-major products as a column-major library is asked for them.
@Suite(.serialized) struct CuBLASLtPlanTests {
  private static let epilogues = [
    APUS_CUBLASLT_EPILOGUE_DEFAULT, APUS_CUBLASLT_EPILOGUE_BIAS, APUS_CUBLASLT_EPILOGUE_RELU,
    APUS_CUBLASLT_EPILOGUE_BIAS | APUS_CUBLASLT_EPILOGUE_RELU,
  ]

  private func handle() throws -> OpaquePointer {
    var handle: OpaquePointer?
    #expect(ColumnMajorLibrary.table.pointee.create(&handle) == 0)
    return try #require(handle)
  }

  private func random(_ count: Int) -> [Float] { (0..<count).map { _ in Float.random(in: -1...1) } }

  private func product(_ rows: Int, _ columns: Int, _ reduction: Int, batches: Int = 1)
    -> apus_cublaslt_product
  {
    var product = apus_cublaslt_product()
    product.compute_type = Int32(APUS_CUBLAS_COMPUTE_32F)
    product.epilogue = Int32(APUS_CUBLASLT_EPILOGUE_DEFAULT)
    product.batches = Int32(batches)
    (product.rows, product.columns, product.reduction) = (Int64(rows), Int64(columns), Int64(reduction))
    product.left_stride = Int64(rows * reduction)
    product.right_stride = Int64(reduction * columns)
    product.output_stride = Int64(rows * columns)
    product.alpha = 1
    return product
  }

  /// The product by the row-major description alone.
  private func expected(
    _ p: apus_cublaslt_product, _ left: [Float], _ right: [Float], _ addend: [Float], _ bias: [Float]
  ) -> [Float] {
    let (m, n, k) = (Int(p.rows), Int(p.columns), Int(p.reduction))
    return (0..<Int(p.batches) * m * n).map { place in
      let (batch, row, column) = (place / (m * n), place / n % m, place % n)
      var sum = 0.0
      for inner in 0..<k {
        let i = p.left_is_transposed != 0 ? inner * m + row : row * k + inner
        let j = p.right_is_transposed != 0 ? column * k + inner : inner * n + column
        sum += Double(left[batch * Int(p.left_stride) + i]) * Double(right[batch * Int(p.right_stride) + j])
      }
      sum = sum * Double(p.alpha) + Double(p.beta) * Double(addend[place])
      if p.epilogue & Int32(APUS_CUBLASLT_EPILOGUE_BIAS) != 0 { sum += Double(bias[column]) }
      if p.epilogue & Int32(APUS_CUBLASLT_EPILOGUE_RELU) != 0 { sum = max(sum, 0) }
      return Float(sum)
    }
  }

  @Test(arguments: epilogues, [(1, 0), (3, 1), (3, 0)])
  func rowMajorProductsComeOutRight(_ epilogue: Int, _ batches: (count: Int, leftIsShared: Int)) throws {
    let handle = try handle()
    defer { _ = ColumnMajorLibrary.table.pointee.destroy(handle) }
    for (leftIsTransposed, rightIsTransposed) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
      var product = product(5, 3, 7, batches: batches.count)
      product.epilogue = Int32(epilogue)
      product.left_is_transposed = Int32(leftIsTransposed)
      product.right_is_transposed = Int32(rightIsTransposed)
      if batches.leftIsShared == 1 { product.left_stride = 0 }
      (product.alpha, product.beta) = (1.5, leftIsTransposed == 1 ? -0.5 : 0)
      let (left, right) = (random(5 * 7 * batches.count), random(7 * 3 * batches.count))
      let (addend, bias) = (random(5 * 3 * batches.count), random(3))
      var output = [Float](repeating: .nan, count: addend.count)
      try run(handle, &product, left, right, product.beta == 0 ? nil : addend, bias, &output)
      let wanted = expected(product, left, right, addend, bias)
      for (a, b) in zip(output, wanted) { #expect(abs(a - b) < 1e-5) }
    }
  }

  private func run(
    _ handle: OpaquePointer, _ product: inout apus_cublaslt_product, _ left: [Float], _ right: [Float],
    _ addend: [Float]?, _ bias: [Float], _ output: inout [Float]
  ) throws {
    var status: Int32 = 0
    let plan = try #require(
      apus_cublaslt_plan_create(ColumnMajorLibrary.table, handle, &product, &status), "\(status)")
    defer { apus_cublaslt_plan_destroy(plan) }
    var algorithm = apus_cublaslt_algorithm()
    left.withUnsafeBytes { left in
      right.withUnsafeBytes { right in
        (addend ?? []).withUnsafeBytes { given in
          bias.withUnsafeBytes { bias in
            output.withUnsafeMutableBytes { output in
              var operands = apus_cublaslt_operands()
              (operands.left, operands.right) = (left.baseAddress, right.baseAddress)
              (operands.addend, operands.bias) = (addend == nil ? nil : given.baseAddress, bias.baseAddress)
              operands.output = output.baseAddress
              #expect(apus_cublaslt_plan_run(plan, &algorithm, &operands, nil) == 0)
            }
          }
        }
      }
    }
  }

  @Test func sumsStayInTheTypeOfTheComputation() throws {
    let handle = try handle()
    defer { _ = ColumnMajorLibrary.table.pointee.destroy(handle) }
    var product = product(2, 2, 2)
    var status: Int32 = 0
    let plan = try #require(
      apus_cublaslt_plan_create(ColumnMajorLibrary.table, handle, &product, &status))
    defer { apus_cublaslt_plan_destroy(plan) }
    var results = [apus_cublaslt_result](repeating: apus_cublaslt_result(), count: 2)
    var found: Int32 = 0
    #expect(apus_cublaslt_plan_choose(plan, 4096, 2, &results, &found) == 0)
    // CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE.
    #expect(found == 1 && results[0].workspace_bytes == 4096 && results[0].algorithm.words.0 == 2)
  }

  @Test func aCallThatFailsLeavesNothingBehind() throws {
    let handle = try handle()
    defer { _ = ColumnMajorLibrary.table.pointee.destroy(handle) }
    let before = ColumnMajorLibrary.live
    var product = product(4, 5, 6, batches: 2)
    product.epilogue = Int32(APUS_CUBLASLT_EPILOGUE_BIAS)
    var results = [apus_cublaslt_result()]
    var (failures, found, isDone): (Int, Int32, Bool) = (0, 0, false)
    while !isDone && failures < 100 {
      ColumnMajorLibrary.fail(atCall: failures + 1)
      var status: Int32 = 0
      if let plan = apus_cublaslt_plan_create(ColumnMajorLibrary.table, handle, &product, &status) {
        status = apus_cublaslt_plan_choose(plan, 0, 1, &results, &found)
        apus_cublaslt_plan_destroy(plan)
      }
      isDone = status == 0
      failures += isDone ? 0 : 1
      #expect(ColumnMajorLibrary.live == before)
    }
    ColumnMajorLibrary.fail(atCall: .max)
    #expect(isDone && failures > 15)
  }
}
