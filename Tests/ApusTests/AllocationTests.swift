import Apus
import ApusCore
import ApusOperators
import ApusTactics
import CApusTestSupport
import Glibc
import Testing

/// A bound session runs without asking for memory, whichever library would ask. One thread does all the work, for the
/// count is a thread's own and other tests allocate meanwhile.
@Suite struct AllocationTests {
  @Test func theCounterCounts() {
    apus_count_allocations()
    let memory = malloc(100)
    let more = malloc(200)
    let counted = apus_counted_allocations()
    free(memory)
    free(more)
    #expect(counted == 2)
  }

  @Test func efficientNetAllocatesNothing() throws {
    let (result, inputs) = try efficientNet()
    #expect(try allocations(result, inputs) == 0)
  }

  @Test func transformerAllocatesNothing() throws {
    let (result, inputs) = try transformer()
    #expect(result.lowered.notes.contains { $0.operatorName == "ScaledDotProductAttention" })
    #expect(try allocations(result, inputs) == 0)
  }
}

/// What five steady runs of a model without references ask for.
private func allocations(_ result: Builder.Result, _ inputs: [String: Tensor]) throws -> Int {
  #expect(result.lowered.notes.allSatisfy { $0.tactic != "reference" })
  let session = Session(result.lowered.executable, options: SessionOptions(threads: 1))
  let binding = try session.bind(inputs: inputs)
  for _ in 0..<2 { try binding.execute() }
  var failure: (any Error)?
  apus_count_allocations()
  do { for _ in 0..<5 { try binding.execute() } } catch { failure = error }
  let count = apus_counted_allocations()
  if let failure { throw failure }
  return count
}

private func options() -> BuildOptions {
  var options = BuildOptions()
  options.deterministic = true
  options.measures = false
  options.checksAccuracy = false
  options.threads = 2
  return options
}

private func efficientNet() throws -> (Builder.Result, [String: Tensor]) {
  let root = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
  let model = try Model(contentsOf: "\(root)/Examples/EfficientNet/efficientnet_b0_shapes.onnx")
  let pixels = Tensor([Float](repeating: 0.25, count: 3 * 224 * 224), shape: [1, 3, 224, 224])
  return (
    try model.optimize(device: .cpu, options()),
    [model.source.graph[model.source.graph.inputs[0]].name: pixels]
  )
}

/// A layer of an encoder as exporters write BERT's: attention by heads with a mask, GELU by its parts, two
/// normalisations.
private func transformer() throws -> (Builder.Result, [String: Tensor]) {
  var generator = SplitMix64(seed: 5)
  func random(_ shape: [Int]) -> Tensor {
    Tensor(
      (0..<shape.reduce(1, *)).map { _ in Float.random(in: -0.2...0.2, using: &generator) }, shape: shape)
  }
  let text = """
    graph "encoder"(%x: f32[batch,16,64], %mask: f32[batch,1,1,16]) -> (%y) {
      %wq: f32[64,64] = constant @0
      %wk: f32[64,64] = constant @1
      %wv: f32[64,64] = constant @2
      %wo: f32[64,64] = constant @3
      %wi: f32[64,128] = constant @4
      %wd: f32[128,64] = constant @5
      %bias: f32[64] = constant @6
      %scale: f32[64] = constant @7
      %wide: f32[128] = constant @8
      %heads: i64[4] = constant {0, 16, 4, 16}
      %whole: i64[3] = constant {0, 16, 64}
      %eight: f32[] = constant {4}
      %root: f32[] = constant {1.41421356}
      %one: f32[] = constant {1}
      %half: f32[] = constant {0.5}
      %q0: f32[batch,16,64] = MatMul(%x, %wq)
      %q1: f32[batch,16,64] = Add(%q0, %bias)
      %q2: f32[batch,16,4,16] = Reshape(%q1, %heads)
      %q: f32[batch,4,16,16] = Transpose(%q2) {permutation: [0, 2, 1, 3]}
      %k0: f32[batch,16,64] = MatMul(%x, %wk)
      %k1: f32[batch,16,4,16] = Reshape(%k0, %heads)
      %k: f32[batch,4,16,16] = Transpose(%k1) {permutation: [0, 2, 3, 1]}
      %v0: f32[batch,16,64] = MatMul(%x, %wv)
      %v1: f32[batch,16,4,16] = Reshape(%v0, %heads)
      %v: f32[batch,4,16,16] = Transpose(%v1) {permutation: [0, 2, 1, 3]}
      %s0: f32[batch,4,16,16] = MatMul(%q, %k)
      %s1: f32[batch,4,16,16] = Div(%s0, %eight)
      %s2: f32[batch,4,16,16] = Add(%s1, %mask)
      %p: f32[batch,4,16,16] = Softmax(%s2) {axis: -1}
      %c0: f32[batch,4,16,16] = MatMul(%p, %v)
      %c1: f32[batch,16,4,16] = Transpose(%c0) {permutation: [0, 2, 1, 3]}
      %c2: f32[batch,16,64] = Reshape(%c1, %whole)
      %c: f32[batch,16,64] = MatMul(%c2, %wo)
      %a: f32[batch,16,64] = Add(%c, %x)
      %n: f32[batch,16,64] = LayerNormalization(%a, %scale, %bias)
      %i0: f32[batch,16,128] = MatMul(%n, %wi)
      %i: f32[batch,16,128] = Add(%i0, %wide)
      %g0: f32[batch,16,128] = Div(%i, %root)
      %g1: f32[batch,16,128] = Erf(%g0)
      %g2: f32[batch,16,128] = Add(%g1, %one)
      %g3: f32[batch,16,128] = Mul(%i, %g2)
      %g: f32[batch,16,128] = Mul(%g3, %half)
      %d: f32[batch,16,64] = MatMul(%g, %wd)
      %r: f32[batch,16,64] = Add(%d, %n)
      %y: f32[batch,16,64] = LayerNormalization(%r, %scale, %bias)
    }
    """
  let constants = [[64, 64], [64, 64], [64, 64], [64, 64], [64, 128], [128, 64], [64], [64], [128]].map(
    random)
  let graph = try GraphParser.parse(text, catalogue: .standard, constants: constants)
  let inputs = [
    "x": random([2, 16, 64]), "mask": Tensor([Float](repeating: 0, count: 32), shape: [2, 1, 1, 16]),
  ]
  return (try Model(graph).optimize(device: .cpu, options()), inputs)
}
