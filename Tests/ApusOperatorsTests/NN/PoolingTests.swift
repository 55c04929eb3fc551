import ApusCore
import ApusOperators
import Testing

@Suite struct PoolingTests {
  let x = Tensor((1...16).map(Float.init), shape: [1, 1, 4, 4])

  @Test func maxPoolGivesIndices() throws {
    var pool = MaxPool()
    pool.kernelShape = [2, 2]
    pool.strides = [2, 2]
    let results = try pool.evaluate(Operands([x], outputCount: 2))
    #expect(results[0].tensor?.elements() == [6, 8, 14, 16] as [Float])
    #expect(results[1].tensor?.elements() == [5, 7, 13, 15] as [Int64])
    pool.columnMajor = true
    #expect(try pool.evaluate(Operands([x]))[1].tensor?.elements() == [5, 13, 7, 15] as [Int64])
  }

  @Test func ceilKeepsOnlyWindowsThatStartInside() throws {
    var pool = AveragePool()
    pool.kernelShape = [3, 3]
    pool.strides = [2, 2]
    pool.ceilMode = true
    let mean = try #require(try pool.evaluate(Operands([x]))[0].tensor)
    #expect(mean.elements() == [6, 7.5, 12, 13.5] as [Float])
    #expect(try inferred(pool, x.type)[0] == .tensor(mean.type))
    pool.kernelShape = [1, 1]
    #expect(try inferred(pool, x.type)[0] == .tensor(.f32, [1, 1, 2, 2]))
  }

  @Test func paddingCountsOnlyWhenAsked() throws {
    var pool = AveragePool()
    pool.kernelShape = [3, 3]
    pool.pads = [1, 1, 1, 1]
    #expect(try pool.evaluate(Operands([x]))[0].tensor?.doubles()[0] == 3.5)
    pool.countIncludePad = true
    let corner = try #require(try pool.evaluate(Operands([x]))[0].tensor?.doubles()[0])
    #expect(abs(corner - 14.0 / 9) < 1e-6)
  }

  @Test func globalPoolsReducePlanes() throws {
    #expect(try GlobalAveragePool().evaluate(Operands([x]))[0].tensor?.elements() == [8.5] as [Float])
    #expect(try GlobalMaxPool().evaluate(Operands([x]))[0].tensor?.elements() == [16] as [Float])
    #expect(try GlobalLpPool(p: 1).evaluate(Operands([x]))[0].tensor?.elements() == [136] as [Float])
  }

  @Test func refusesKernelOfWrongRank() {
    #expect(throws: OperatorError.self) { try inferred(MaxPool(), x.type) }
  }
}
