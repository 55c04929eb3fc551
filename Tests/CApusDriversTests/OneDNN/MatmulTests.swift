import CApusDrivers
import Testing

/// A product of M,K and K,N in a batch, either side given transposed.
struct MatmulCase: CustomTestStringConvertible, Sendable {
  var batch = 1
  var m = 7
  var n = 9
  var k = 5
  var transposed = (source: false, weights: false)
  var broadcastsWeights = false
  var threads = 2

  var testDescription: String {
    "\(batch)x\(m)x\(k) by \(k)x\(n), transposed \(transposed.source) \(transposed.weights), \(threads) threads"
  }

  func reference(_ source: [Float], _ weights: [Float], _ bias: [Float]) -> [Double] {
    var result: [Double] = []
    for b in 0..<batch {
      for i in 0..<m {
        for j in 0..<n {
          var sum = Double(bias[j])
          for l in 0..<k {
            let s = b * m * k + (transposed.source ? l * m + i : i * k + l)
            let w = (broadcastsWeights ? 0 : b * k * n) + (transposed.weights ? j * k + l : l * n + j)
            sum += Double(source[s]) * Double(weights[w])
          }
          result.append(sum)
        }
      }
    }
    return result
  }
}

private let cases: [MatmulCase] = [
  .init(),
  .init(m: 1, n: 1001, k: 513),
  .init(batch: 3, m: 37, n: 65, k: 129, transposed: (false, true), threads: 3),
  .init(batch: 2, m: 17, n: 33, k: 64, transposed: (true, false)),
  .init(batch: 4, m: 50, n: 31, k: 47, transposed: (true, true), broadcastsWeights: true, threads: 5),
  .init(m: 128, n: 768, k: 256),
]

@Suite(.enabled(if: OneDNN.isAvailable, "oneDNN is not there: Scripts/fetch-onednn.sh"))
struct MatmulTests {
  @Test(arguments: cases, TestThreads.allCases)
  func fp32WithBinaryAndGelu(_ shape: MatmulCase, _ threads: TestThreads) throws {
    let (b, m, n, k) = (shape.batch, shape.m, shape.n, shape.k)
    let weightBatch = shape.broadcastsWeights ? 1 : b
    var random = RandomValues()
    let source = Buffer(random.floats(b * m * k))
    let weights = Buffer(random.floats(weightBatch * k * n))
    let bias = Buffer(random.floats(n))
    let addend = Buffer(random.floats(b * m * n))
    let result = Buffer([Float](repeating: 0, count: b * m * n))
    let expected = zip(shape.reference(source.values, weights.values, bias.values), addend.values).map {
      geluTanh($0 + Double($1))
    }

    let sourceStrides = shape.transposed.source ? [m * k, 1, m] : [m * k, k, 1]
    let weightStrides = shape.transposed.weights ? [k * n, 1, k] : [k * n, n, 1]
    let sourceMemory = try Memory(APUS_ONEDNN_F32, [b, m, k], strides: sourceStrides)
    let weightMemory = try Memory(APUS_ONEDNN_F32, [weightBatch, k, n], strides: weightStrides)
    let biasMemory = try Memory(APUS_ONEDNN_F32, [1, 1, n])
    let destination = try Memory(APUS_ONEDNN_F32, [b, m, n])
    let primitive = try Primitive(
      postOps: [postOp(binary: APUS_ONEDNN_BINARY_ADD, destination), postOp(eltwise: APUS_ONEDNN_GELU_TANH)],
      threads: shape.threads
    ) { library, attributes, out in
      apus_onednn_matmul_create(
        library, sourceMemory.raw, weightMemory.raw, biasMemory.raw, destination.raw, attributes, out)
    }
    try primitive.run(
      [
        (APUS_ONEDNN_SOURCE, source), (APUS_ONEDNN_WEIGHTS, weights), (APUS_ONEDNN_BIAS, bias),
        (APUS_ONEDNN_DESTINATION, result), (apus_onednn_argument_post_op(0), addend),
      ], threads: threads.table(shape.threads))
    expectClose(result.values, expected, tolerance: 1e-4, seed: random.seed, primitive.name)
  }
}
