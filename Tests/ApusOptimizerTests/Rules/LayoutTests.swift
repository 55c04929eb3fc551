import ApusCore
import ApusOptimizer
import ApusTestSupport
import Testing

@Suite struct LayoutTests {
  @Test func transpositionsAroundElementwiseWorkCancel() throws {
    let fault = try rewriteFault(
      RuleSet.layout,
      before: """
        graph "g"(%x: f32[b,2,3,4]) -> (%y) {
          %k: f32[2] = constant {5, 6}
          %t: f32[b,3,4,2] = Transpose(%x) {permutation: [0, 2, 3, 1]}
          %a: f32[b,3,4,2] = Add(%t, %k)
          %r: f32[b,3,4,2] = Relu(%a)
          %y: f32[b,2,3,4] = Transpose(%r) {permutation: [0, 3, 1, 2]}
        }
        """,
      after: """
        graph "g"(%x: f32[b,2,3,4]) -> (%y) {
          %k: f32[1,2,1,1] = constant {5, 6}
          %a: f32[b,2,3,4] = Add(%x, %k)
          %y: f32[b,2,3,4] = Relu(%a)
        }
        """)
    #expect(fault == nil)
  }

  @Test func differentOrdersDoNotMeet() throws {
    let fault = try refusalFault(
      SinkTransposeThroughElementwise(),
      graph: """
        graph "g"(%x: f32[2,2,2], %z: f32[2,2,2]) -> (%y) {
          %a: f32[2,2,2] = Transpose(%x) {permutation: [1, 0, 2]}
          %b: f32[2,2,2] = Transpose(%z) {permutation: [0, 2, 1]}
          %y: f32[2,2,2] = Add(%a, %b)
        }
        """, reason: "transposed differently")
    #expect(fault == nil)
  }

  @Test func allReadersOfATransposeCanMoveAhead() throws {
    let fault = try rewriteFault(
      RuleSet.layout,
      before: """
        graph "g"(%x: f32[b,2,3,4]) -> (%y) {
          %t: f32[b,3,4,2] = Transpose(%x) {permutation: [0, 2, 3, 1]}
          %a: f32[b,3,4,2] = Softplus(%t)
          %r: f32[b,3,4,2] = Tanh(%a)
          %m: f32[b,3,4,2] = Mul(%t, %r)
          %y: f32[b,2,3,4] = Transpose(%m) {permutation: [0, 3, 1, 2]}
        }
        """,
      after: """
        graph "g"(%x: f32[b,2,3,4]) -> (%y) {
          %a: f32[b,2,3,4] = Softplus(%x)
          %r: f32[b,2,3,4] = Tanh(%a)
          %y: f32[b,2,3,4] = Mul(%x, %r)
        }
        """)
    #expect(fault == nil)
  }

  @Test func aTransposeThatStaysIsNotDoubled() throws {
    let fault = try refusalFault(
      SinkTransposeThroughElementwise(),
      graph: """
        graph "g"(%x: f32[2,2,3], %z: f32[3,2,2]) -> (%r, %m) {
          %t: f32[3,2,2] = Transpose(%x) {permutation: [2, 0, 1]}
          %r: f32[3,2,2] = Relu(%t)
          %m: f32[3,2,2] = Mul(%t, %z)
        }
        """, reason: "all its readers let pass")
    #expect(fault == nil)
  }

  @Test func concat() throws {
    let fault = try rewriteFault(
      SinkTransposeThroughConcat(),
      before: """
        graph "g"(%x: f32[2,3,4], %z: f32[2,5,4]) -> (%y) {
          %a: f32[4,2,3] = Transpose(%x) {permutation: [2, 0, 1]}
          %b: f32[4,2,5] = Transpose(%z) {permutation: [2, 0, 1]}
          %y: f32[4,2,8] = Concat(%a, %b) {axis: -1}
        }
        """,
      after: """
        graph "g"(%x: f32[2,3,4], %z: f32[2,5,4]) -> (%y) {
          %c: f32[2,8,4] = Concat(%x, %z) {axis: 1}
          %y: f32[4,2,8] = Transpose(%c) {permutation: [2, 0, 1]}
        }
        """)
    #expect(fault == nil)
  }

  @Test func splitAndSqueeze() throws {
    let fault = try rewriteFault(
      RuleSet("test", [SinkTransposeThroughSplit(), SinkTransposeThroughSqueeze()]),
      before: """
        graph "g"(%x: f32[b,5,2,4]) -> (%y, %z) {
          %s: i64[3] = constant {-1, 4, 5}
          %t: f32[2,b,4,5] = Transpose(%x) {permutation: [2, 0, 3, 1]}
          %p: f32[1,b,4,5], %q: f32[1,b,4,5] = Split(%t)
          %y: f32[b,4,5] = Reshape(%p, %s)
          %z: f32[b,4,5] = Reshape(%q, %s)
        }
        """,
      after: """
        graph "g"(%x: f32[b,5,2,4]) -> (%y, %z) {
          %s: i64[3] = constant {0, 5, 4}
          %p: f32[b,5,1,4], %q: f32[b,5,1,4] = Split(%x) {axis: 2}
          %u: f32[b,5,4] = Reshape(%p, %s)
          %v: f32[b,5,4] = Reshape(%q, %s)
          %y: f32[b,4,5] = Transpose(%u) {permutation: [0, 2, 1]}
          %z: f32[b,4,5] = Transpose(%v) {permutation: [0, 2, 1]}
        }
        """)
    #expect(fault == nil)
  }

  @Test func splitAxes() throws {
    let fault = try rewriteFault(
      RuleSet("test", [SinkReshapeThroughTranspose()]),
      before: """
        graph "g"(%x: f32[b,6,h,5]) -> (%y, %z) {
          %s: i64[5] = constant {0, 2, 3, -1, 5}
          %r: f32[b,2,3,h,5] = Reshape(%x, %s)
          %y: f32[b,h,5,2,3] = Transpose(%r) {permutation: [0, 3, 4, 1, 2]}
          %z: f32[b,3,h,5,2] = Transpose(%r) {permutation: [0, 2, 3, 4, 1]}
        }
        """,
      after: """
        graph "g"(%x: f32[b,6,h,5]) -> (%y, %z) {
          %s: i64[5] = constant {0, 2, 3, -1, 5}
          %u: i64[5] = constant {0, 0, 5, 2, 3}
          %r: f32[b,2,3,h,5] = Reshape(%x, %s)
          %t: f32[b,h,5,6] = Transpose(%x) {permutation: [0, 2, 3, 1]}
          %y: f32[b,h,5,2,3] = Reshape(%t, %u)
          %z: f32[b,3,h,5,2] = Transpose(%r) {permutation: [0, 2, 3, 4, 1]}
        }
        """)
    #expect(fault == nil)
  }

  @Test func pixelsMergeBehindTheTranspose() throws {
    let fault = try rewriteFault(
      RuleSet("test", [SinkReshapeThroughTranspose()]),
      before: """
        graph "g"(%x: f32[b,6,2,3]) -> (%y, %z) {
          %s: i64[3] = constant {0, 0, -1}
          %v: i64[2] = constant {-1, 3}
          %r: f32[b,6,6] = Reshape(%x, %s)
          %y: f32[b,6,6] = Transpose(%r) {permutation: [0, 2, 1]}
          %q: f32[12 * b,3] = Reshape(%x, %v)
          %z: f32[3,12 * b] = Transpose(%q) {permutation: [1, 0]}
        }
        """,
      after: """
        graph "g"(%x: f32[b,6,2,3]) -> (%y, %z) {
          %u: i64[3] = constant {0, 6, 6}
          %t: f32[b,2,3,6] = Transpose(%x) {permutation: [0, 2, 3, 1]}
          %y: f32[b,6,6] = Reshape(%t, %u)
          %v: i64[2] = constant {-1, 3}
          %q: f32[12 * b,3] = Reshape(%x, %v)
          %z: f32[3,12 * b] = Transpose(%q) {permutation: [1, 0]}
        }
        """)
    #expect(fault == nil)
  }

  @Test func reductionAndPad() throws {
    let fault = try rewriteFault(
      RuleSet("test", [SinkTransposeThroughReduction(), SinkTransposeThroughPad()]),
      before: """
        graph "g"(%x: f32[2,3,4]) -> (%y) {
          %a: i64[6] = constant {1, 2, 3, 0, 0, 1}
          %m: i64[1] = constant {0}
          %t: f32[4,2,3] = Transpose(%x) {permutation: [2, 0, 1]}
          %p: f32[5,4,7] = Pad(%t, %a)
          %y: f32[4,7] = ReduceMax(%p, %m) {keepDims: false}
        }
        """,
      after: """
        graph "g"(%x: f32[2,3,4]) -> (%y) {
          %a: i64[6] = constant {2, 3, 1, 0, 1, 0}
          %m: i64[1] = constant {2}
          %p: f32[4,7,5] = Pad(%x, %a)
          %r: f32[4,7] = ReduceMax(%p, %m) {keepDims: false}
          %y: f32[4,7] = Transpose(%r) {permutation: [0, 1]}
        }
        """)
    #expect(fault == nil)
  }

  @Test func unsqueezedPartsAreJoinedBefore() throws {
    let fault = try rewriteFault(
      SinkUnsqueezeThroughConcat(),
      before: """
        graph "g"(%x: f32[n,1], %z: f32[n,1]) -> (%y) {
          %s: i64[3] = constant {0, 1, 1}
          %a: f32[n,1,1] = Reshape(%x, %s)
          %b: f32[n,1,1] = Reshape(%z, %s)
          %y: f32[n,1,2] = Concat(%a, %b) {axis: 2}
        }
        """,
      after: """
        graph "g"(%x: f32[n,1], %z: f32[n,1]) -> (%y) {
          %s: i64[3] = constant {0, 1, 2}
          %c: f32[n,2] = Concat(%x, %z) {axis: 1}
          %y: f32[n,1,2] = Reshape(%c, %s)
        }
        """)
    #expect(fault == nil)
  }
}
