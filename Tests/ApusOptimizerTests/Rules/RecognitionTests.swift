import ApusCore
import ApusOptimizer
import ApusTestSupport
import Testing

@Suite struct RecognitionTests {
  @Test func swish() throws {
    let fault = try rewriteFault(
      RecognizeSwish(),
      before: """
        graph "g"(%x: f32[3,4]) -> (%y) {
          %s: f32[3,4] = Sigmoid(%x)
          %y: f32[3,4] = Mul(%s, %x)
        }
        """,
      after: """
        graph "g"(%x: f32[3,4]) -> (%y) {
          %y: f32[3,4] = Swish(%x)
        }
        """)
    #expect(fault == nil)
  }

  @Test func aGateOfAnotherValueIsNoSwish() throws {
    let fault = try refusalFault(
      RecognizeSwish(),
      graph: """
        graph "g"(%x: f32[3], %z: f32[3]) -> (%y) {
          %s: f32[3] = Sigmoid(%x)
          %y: f32[3] = Mul(%s, %z)
        }
        """, reason: "two different values")
    #expect(fault == nil)
  }

  @Test func hardSwishOfAnyBracketing() throws {
    let fault = try rewriteFault(
      RecognizeHardSwish(),
      before: """
        graph "g"(%x: f32[50]) -> (%y) {
          %three: f32[] = constant {3}
          %zero: f32[] = constant {0}
          %six: f32[] = constant {6}
          %a: f32[50] = Add(%x, %three)
          %c: f32[50] = Clip(%a, %zero, %six)
          %d: f32[50] = Div(%c, %six)
          %y: f32[50] = Mul(%d, %x)
        }
        """,
      after: """
        graph "g"(%x: f32[50]) -> (%y) {
          %y: f32[50] = HardSwish(%x)
        }
        """)
    #expect(fault == nil)
  }

  @Test(arguments: [
    "%p: f32[9] = Mul(%h, %x)\n %y: f32[9] = Mul(%p, %s)",
    "%p: f32[9] = Mul(%x, %s)\n %y: f32[9] = Mul(%p, %h)",
    "%p: f32[9] = Mul(%s, %h)\n %y: f32[9] = Mul(%x, %p)",
  ])
  func geluOfAnyBracketing(_ product: String) throws {
    let fault = try rewriteFault(
      RecognizeGelu(),
      before: """
        graph "g"(%x: f32[9]) -> (%y) {
          %r: f32[] = constant {1.41421356}
          %o: f32[] = constant {1}
          %h: f32[] = constant {0.5}
          %d: f32[9] = Div(%x, %r)
          %e: f32[9] = Erf(%d)
          %s: f32[9] = Add(%e, %o)
          \(product)
        }
        """,
      after: """
        graph "g"(%x: f32[9]) -> (%y) {
          %y: f32[9] = Gelu(%x)
        }
        """)
    #expect(fault == nil)
  }

  @Test func anotherFactorIsNoGelu() throws {
    let fault = try refusalFault(
      RecognizeGelu(),
      graph: """
        graph "g"(%x: f32[9]) -> (%y) {
          %r: f32[] = constant {1.41421356}
          %o: f32[] = constant {1}
          %d: f32[9] = Div(%x, %r)
          %e: f32[9] = Erf(%d)
          %s: f32[9] = Add(%e, %o)
          %y: f32[9] = Mul(%x, %s)
        }
        """, reason: "not by 0.5")
    #expect(fault == nil)
  }

  @Test func layerNormalizationWithScaleAndBias() throws {
    let fault = try rewriteFault(
      RuleSet.recognize,
      before: """
        graph "g"(%x: f32[b,3]) -> (%y) {
          %a: i64[1] = constant {-1}
          %two: f32[] = constant {2}
          %eps: f32[] = constant {0.5}
          %g: f32[3] = constant {1, 2, 3}
          %h: f32[3] = constant {4, 5, 6}
          %m: f32[b,1] = ReduceMean(%x, %a)
          %d: f32[b,3] = Sub(%x, %m)
          %q: f32[b,3] = Pow(%d, %two)
          %v: f32[b,1] = ReduceMean(%q, %a)
          %e: f32[b,1] = Add(%v, %eps)
          %s: f32[b,1] = Sqrt(%e)
          %n: f32[b,3] = Div(%d, %s)
          %p: f32[b,3] = Mul(%n, %g)
          %y: f32[b,3] = Add(%h, %p)
        }
        """,
      after: """
        graph "g"(%x: f32[b,3]) -> (%y) {
          %g: f32[3] = constant {1, 2, 3}
          %h: f32[3] = constant {4, 5, 6}
          %y: f32[b,3] = LayerNormalization(%x, %g, %h) {epsilon: 0.5}
        }
        """)
    #expect(fault == nil)
  }

  @Test func aMeanOverOtherAxesIsNoLayerNormalization() throws {
    let fault = try refusalFault(
      RecognizeRMSNormalization(),
      graph: """
        graph "g"(%x: f32[2,3]) -> (%y) {
          %a: i64[1] = constant {0}
          %eps: f32[] = constant {0.5}
          %q: f32[2,3] = Mul(%x, %x)
          %v: f32[1,3] = ReduceMean(%q, %a)
          %e: f32[1,3] = Add(%v, %eps)
          %s: f32[1,3] = Sqrt(%e)
          %y: f32[2,3] = Div(%x, %s)
        }
        """, reason: "not over the last axes")
    #expect(fault == nil)
  }

  private static let attention = """
    %r: f32[] = constant {0.5}
    %zero: f32[] = constant {0}
    %t: f32[b,2,4,5] = Transpose(%k) {permutation: [0, 1, 3, 2]}
    %q1: f32[b,2,3,4] = Mul(%q, %r)
    %t1: f32[b,2,4,5] = Mul(%t, %r)
    %p: f32[b,2,3,5] = MatMul(%q1, %t1)
    %a: f32[b,2,3,5] = Add(%p, %m)
    %s: f32[b,2,3,5] = Softmax(%a)
    %n: bool[b,2,3,5] = IsNaN(%s)
    %w: f32[b,2,3,5] = Where(%n, %zero, %s)
    %y: f32[b,2,3,4] = MatMul(%w, %v)
    """

  @Test func attentionWithTheRootOfTheScaleAtBothSides() throws {
    let inputs = "%q: f32[b,2,3,4], %k: f32[b,2,5,4], %v: f32[b,2,5,4], %m: f32[b,1,3,5]"
    let fault = try rewriteFault(
      RecognizeAttention(), before: "graph \"g\"(\(inputs)) -> (%y) {\n\(Self.attention)\n}",
      after: """
        graph "g"(\(inputs)) -> (%y) {
          %y: f32[b,2,3,4] = ScaledDotProductAttention(%q, %k, %v, %m) {scale: 0.25, zeroesNaN: true}
        }
        """)
    #expect(fault == nil)
  }

  @Test func probabilitiesThatOthersReadStay() throws {
    let inputs = "%q: f32[b,2,3,4], %k: f32[b,2,5,4], %v: f32[b,2,5,4], %m: f32[b,1,3,5]"
    let fault = try refusalFault(
      RecognizeAttention(), graph: "graph \"g\"(\(inputs)) -> (%y, %w) {\n\(Self.attention)\n}",
      reason: "other readers")
    #expect(fault == nil)
  }

  @Test func headsAreReadWhereTheProjectionLeavesThem() throws {
    let fault = try rewriteFault(
      AbsorbHeadSplit(),
      before: """
        graph "g"(%q: f32[b,3,2,4], %k: f32[b,5,2,4], %v: f32[b,5,2,4]) -> (%y) {
          %a: f32[b,2,3,4] = Transpose(%q) {permutation: [0, 2, 1, 3]}
          %c: f32[b,2,5,4] = Transpose(%k) {permutation: [0, 2, 1, 3]}
          %d: f32[b,2,5,4] = Transpose(%v) {permutation: [0, 2, 1, 3]}
          %s: f32[b,2,3,4] = ScaledDotProductAttention(%a, %c, %d)
          %y: f32[b,3,2,4] = Transpose(%s) {permutation: [0, 2, 1, 3]}
        }
        """,
      after: """
        graph "g"(%q: f32[b,3,2,4], %k: f32[b,5,2,4], %v: f32[b,5,2,4]) -> (%y) {
          %t: i64[3] = constant {0, 3, 8}
          %u: i64[3] = constant {0, 5, 8}
          %o: i64[4] = constant {0, 3, 2, 4}
          %a: f32[b,3,8] = Reshape(%q, %t)
          %c: f32[b,5,8] = Reshape(%k, %u)
          %d: f32[b,5,8] = Reshape(%v, %u)
          %s: f32[b,3,8] = ScaledDotProductAttention(%a, %c, %d) {heads: 2}
          %y: f32[b,3,2,4] = Reshape(%s, %o)
        }
        """)
    #expect(fault == nil)
  }
}
