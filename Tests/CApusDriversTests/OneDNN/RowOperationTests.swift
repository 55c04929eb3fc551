import CApusDrivers
import Testing

/// Softmax, layer normalisation, reduction and elementwise operations on rows of odd length.
@Suite(.enabled(if: OneDNN.isAvailable, "oneDNN is not there: Scripts/fetch-onednn.sh"))
struct RowOperationTests {
  static let shapes = [(1, 1), (3, 7), (13, 197), (5, 1000)]

  @Test(arguments: shapes) func softmax(_ rows: Int, _ length: Int) throws {
    var random = RandomValues()
    let source = Buffer(random.floats(rows * length).map { $0 * 8 })
    let result = Buffer([Float](repeating: .nan, count: rows * length))
    let expected = rowsOf(source.values, length).flatMap { row in
      let exponentials = row.map(exponential)
      let sum = exponentials.reduce(0, +)
      return exponentials.map { $0 / sum }
    }
    let memory = try Memory(APUS_ONEDNN_F32, [rows, length])
    let primitive = try Primitive(threads: 2) { library, attributes, out in
      apus_onednn_softmax_create(
        library, APUS_ONEDNN_SOFTMAX, 1, memory.raw, memory.raw, attributes, out)
    }
    try primitive.run(
      [(APUS_ONEDNN_SOURCE, source), (APUS_ONEDNN_DESTINATION, result)], threads: TestThreads.spawned.table(2)
    )
    expectClose(result.values, expected, tolerance: 1e-5, seed: random.seed, primitive.name)
  }

  @Test(arguments: shapes) func layerNorm(_ rows: Int, _ length: Int) throws {
    var random = RandomValues()
    let source = Buffer(random.floats(rows * length))
    let (scale, shift) = (Buffer(random.floats(length)), Buffer(random.floats(length)))
    let result = Buffer([Float](repeating: .nan, count: rows * length))
    let expected = rowsOf(source.values, length).flatMap { row in
      let mean = row.reduce(0, +) / Double(length)
      let variance = row.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / Double(length)
      return row.enumerated().map {
        ($0.element - mean) / (variance + 1e-5).squareRoot() * Double(scale[$0.offset])
          + Double(shift[$0.offset])
      }
    }
    let memory = try Memory(APUS_ONEDNN_F32, [rows, length])
    let primitive = try Primitive(threads: 2) { library, attributes, out in
      apus_onednn_layer_norm_create(library, memory.raw, memory.raw, 1e-5, 1, 1, attributes, out)
    }
    try primitive.run(
      [
        (APUS_ONEDNN_SOURCE, source), (APUS_ONEDNN_SCALE, scale), (APUS_ONEDNN_SHIFT, shift),
        (APUS_ONEDNN_DESTINATION, result),
      ], threads: TestThreads.spawned.table(2))
    expectClose(result.values, expected, tolerance: 1e-4, seed: random.seed, primitive.name)
  }

  @Test(arguments: shapes) func reductionToTheMean(_ rows: Int, _ length: Int) throws {
    var random = RandomValues()
    let source = Buffer(random.floats(rows * length))
    let result = Buffer([Float](repeating: .nan, count: rows))
    let expected = rowsOf(source.values, length).map { $0.reduce(0, +) / Double(length) }
    let sourceMemory = try Memory(APUS_ONEDNN_F32, [rows, length])
    let destination = try Memory(APUS_ONEDNN_F32, [rows, 1])
    let primitive: Primitive
    do {
      primitive = try Primitive(threads: 2) { library, attributes, out in
        apus_onednn_reduction_create(
          library, APUS_ONEDNN_REDUCE_MEAN, 0, 0, sourceMemory.raw, destination.raw, attributes, out)
      }
    } catch let failure as OneDNNFailure where length == 1 && failure.status == APUS_ONEDNN_INVALID_ARGUMENTS
    {
      return  // oneDNN refuses a reduction over nothing.
    }
    try primitive.run(
      [(APUS_ONEDNN_SOURCE, source), (APUS_ONEDNN_DESTINATION, result)], threads: TestThreads.spawned.table(2)
    )
    expectClose(result.values, expected, tolerance: 1e-5, seed: random.seed, primitive.name)
  }

  @Test(arguments: shapes) func eltwiseInPlace(_ rows: Int, _ length: Int) throws {
    var random = RandomValues()
    let values = Buffer(random.floats(rows * length).map { $0 * 4 })
    let expected = values.values.map { min(1.5, max(-0.5, Double($0))) }
    let memory = try Memory(APUS_ONEDNN_F32, [rows, length])
    let primitive = try Primitive(threads: 2) { library, attributes, out in
      apus_onednn_eltwise_create(
        library, APUS_ONEDNN_CLIP, -0.5, 1.5, memory.raw, memory.raw, attributes, out)
    }
    try primitive.run(
      [(APUS_ONEDNN_SOURCE, values), (APUS_ONEDNN_DESTINATION, values)], threads: TestThreads.spawned.table(2)
    )
    expectClose(values.values, expected, tolerance: 1e-6, seed: random.seed, primitive.name)
  }

  @Test(arguments: shapes) func binaryWithABroadcastRow(_ rows: Int, _ length: Int) throws {
    var random = RandomValues()
    let (first, second) = (Buffer(random.floats(rows * length)), Buffer(random.floats(length)))
    let result = Buffer([Float](repeating: .nan, count: rows * length))
    let expected = first.values.enumerated().map { Double($0.element) * Double(second[$0.offset % length]) }
    let memory = try Memory(APUS_ONEDNN_F32, [rows, length])
    let row = try Memory(APUS_ONEDNN_F32, [1, length])
    let primitive = try Primitive(threads: 2) { library, attributes, out in
      apus_onednn_binary_create(
        library, APUS_ONEDNN_BINARY_MUL, memory.raw, row.raw, memory.raw, attributes, out)
    }
    try primitive.run(
      [(APUS_ONEDNN_SOURCE, first), (APUS_ONEDNN_SOURCE_1, second), (APUS_ONEDNN_DESTINATION, result)],
      threads: TestThreads.spawned.table(2))
    expectClose(result.values, expected, tolerance: 1e-6, seed: random.seed, primitive.name)
  }

  private func rowsOf(_ values: [Float], _ length: Int) -> [[Double]] {
    stride(from: 0, to: values.count, by: length).map { values[$0..<($0 + length)].map(Double.init) }
  }
}
