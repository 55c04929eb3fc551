import ApusCore
import ApusOptimizer
import ApusTestSupport
import Testing

@Suite struct PackedAttentionTests {
  private static let heads = "{scale: 0.5, heads: 2, zeroesNaN: true}"
  private static let packed = "{attention: {scale: 0.5, heads: 2, zeroesNaN: true}}"

  private static let split = """
    graph "g"(%p: f32[b,s,12], %m: f32[b,1,s,s]) -> (%y) {
      %t: i64[5] = constant {0, 0, 3, 2, 2}
      %u: i64[3] = constant {0, 0, 4}
      %x: f32[b,s,3,2,2] = Reshape(%p, %t)
      %q5: f32[b,s,1,2,2], %k5: f32[b,s,1,2,2], %v5: f32[b,s,1,2,2] = Split(%x) {axis: 2}
      %q: f32[b,s,4] = Reshape(%q5, %u)
      %k: f32[b,s,4] = Reshape(%k5, %u)
      %v: f32[b,s,4] = Reshape(%v5, %u)
      %y: f32[b,s,4] = ScaledDotProductAttention(%q, %k, %v, %m) \(heads)
    }
    """

  @Test func partsOfAProductAreReadInPlace() throws {
    let fault = try rewriteFault(
      PackSplitAttention(), before: Self.split,
      after: """
        graph "g"(%p: f32[b,s,12], %m: f32[b,1,s,s]) -> (%y) {
          %y: f32[b,s,4] = PackedAttention(%p, %m) \(Self.packed)
        }
        """)
    #expect(fault == nil)
  }

  @Test func partsOfOtherShapesAreRelabelled() throws {
    let fault = try rewriteFault(
      PackSplitAttention(),
      before: Self.split.replacing("(%p:", with: "(%w:")
        .replacing("f32[b,s,12]", with: "f32[b,s,6,2]").replacing("Reshape(%p,", with: "Reshape(%w,"),
      after: """
        graph "g"(%w: f32[b,s,6,2], %m: f32[b,1,s,s]) -> (%y) {
          %t: i64[5] = constant {0, 0, 3, 2, 2}
          %u: i64[3] = constant {0, 0, 12}
          %x: f32[b,s,3,2,2] = Reshape(%w, %t)
          %p: f32[b,s,12] = Reshape(%x, %u)
          %y: f32[b,s,4] = PackedAttention(%p, %m) \(Self.packed)
        }
        """)
    #expect(fault == nil)
    let last = try rewriteFault(
      PackSplitAttention(),
      before: """
        graph "g"(%p: f32[b,s,12]) -> (%y) {
          %q: f32[b,s,4], %k: f32[b,s,4], %v: f32[b,s,4] = Split(%p) {axis: -1}
          %y: f32[b,s,4] = ScaledDotProductAttention(%q, %k, %v) \(Self.heads)
        }
        """,
      after: """
        graph "g"(%p: f32[b,s,12]) -> (%y) {
          %y: f32[b,s,4] = PackedAttention(%p) \(Self.packed)
        }
        """)
    #expect(last == nil)
  }

  @Test(arguments: [
    ("(%q, %k, %v, %m)", "(%k, %q, %v, %m)", "in this order"),
    ("(%q, %k, %v, %m)", "(%q, %q, %v, %m)", "also read|not three"),
    ("-> (%y)", "-> (%y, %k)", "also read"), ("-> (%y)", "-> (%y, %k5)", "also read"),
  ])
  func otherPartsStay(_ old: String, _ new: String, _ reasons: String) throws {
    let text = Self.split.replacing(old, with: new)
    let faults = try reasons.split(separator: "|").map {
      try refusalFault(PackSplitAttention(), graph: text, reason: String($0))
    }
    #expect(faults.contains { $0 == nil }, "\(faults)")
  }

  @Test func partsOfTheLengthStay() throws {
    let text = """
      graph "g"(%p: f32[b,6,4]) -> (%y) {
        %q: f32[b,2,4], %k: f32[b,2,4], %v: f32[b,2,4] = Split(%p) {axis: 1}
        %y: f32[b,2,4] = ScaledDotProductAttention(%q, %k, %v) \(Self.heads)
      }
      """
    #expect(try refusalFault(PackSplitAttention(), graph: text, reason: "does not cut the features") == nil)
  }

  private static let products = """
    graph "g"(%x: f32[b,s,2], %z: f32[b,s,2], %m: bool[s]) -> (%y) {
      %wq: f32[2,4] = constant {1, 2, 3, 4, 5, 6, 7, 8}
      %wk: f32[2,4] = constant {-1, 2, -3, 4, -5, 6, -7, 8}
      %wv: f32[2,4] = constant {0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4}
      %bq: f32[4] = constant {1, 2, 3, 4}
      %bv: f32[4] = constant {5, 6, 7, 8}
      %q: f32[b,s,4] = Linear(%x, %wq, %bq)
      %k: f32[b,s,4] = Linear(%x, %wk)
      %v: f32[b,s,4] = Linear(%x, %wv, %bv)
      %y: f32[b,s,4] = ScaledDotProductAttention(%q, %k, %v, %m) \(heads)
    }
    """

  @Test func threeProductsBecomeOne() throws {
    let fault = try rewriteFault(
      MergeAttentionProjections(), before: Self.products,
      after: """
        graph "g"(%x: f32[b,s,2], %z: f32[b,s,2], %m: bool[s]) -> (%y) {
          %w: f32[2,12] = constant {1, 2, 3, 4, -1, 2, -3, 4, 0.5, 1, 1.5, 2, 5, 6, 7, 8, -5, 6, -7, 8, 2.5, 3, 3.5, 4}
          %b: f32[12] = constant {1, 2, 3, 4, 0, 0, 0, 0, 5, 6, 7, 8}
          %p: f32[b,s,12] = Linear(%x, %w, %b)
          %y: f32[b,s,4] = PackedAttention(%p, %m) \(Self.packed)
        }
        """)
    #expect(fault == nil)
  }

  @Test(arguments: [
    ("Linear(%x, %wk)", "Linear(%z, %wk)", "different tensors"), ("-> (%y)", "-> (%y, %k)", "output"),
    (
      "Linear(%x, %wk)", "Linear(%x, %wk) {activation: {kind: \"relu\", alpha: 0.0, beta: 0.0}}",
      "ends in relu"
    ),
    ("Linear(%x, %wk)", "Linear(%x, %wk, _, %q)", "also read"),
  ])
  func otherProductsStay(_ old: String, _ new: String, _ reason: String) throws {
    let text = Self.products.replacing(old, with: new)
    #expect(try refusalFault(MergeAttentionProjections(), graph: text, reason: reason) == nil)
  }

  @Test func devicesWithoutItKeepTheParts() throws {
    for (lacking, expected) in [
      (Set<String>(), "PackedAttention"), (["PackedAttention"], "ScaledDotProduct"),
    ] {
      for text in [Self.split, Self.products] {
        var graph = try parsed(text)
        _ = try Pipeline.device(AnyKernels(lacking: lacking)).run(&graph)
        #expect("\(graph)".contains(expected))
      }
    }
  }
}
