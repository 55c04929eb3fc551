import ApusCore
import ApusOptimizer
import ApusTestSupport
import Testing

@Suite struct FusionTests {
  @Test func batchNormalizationGoesIntoConv() throws {
    let fault = try rewriteFault(
      FuseBatchNormalization(),
      before: """
        graph "g"(%x: f32[b,2,3,3]) -> (%y) {
          %w: f32[2,2,1,1] = constant {1, 2, 3, 4}
          %s: f32[2] = constant {2, 3}
          %t: f32[2] = constant {0.5, -1}
          %m: f32[2] = constant {1, 2}
          %v: f32[2] = constant {3.99999, 0.99999}
          %c: f32[b,2,3,3] = Conv(%x, %w)
          %y: f32[b,2,3,3] = BatchNormalization(%c, %s, %t, %m, %v)
        }
        """,
      after: """
        graph "g"(%x: f32[b,2,3,3]) -> (%y) {
          %w: f32[2,2,1,1] = constant {1, 2, 9, 12}
          %k: f32[2] = constant {-0.5, -7}
          %y: f32[b,2,3,3] = Conv(%x, %w, %k)
        }
        """)
    #expect(fault == nil)
  }

  @Test func batchNormalizationInTrainingStays() throws {
    let fault = try refusalFault(
      FuseBatchNormalization(),
      graph: """
        graph "g"(%x: f32[1,1,2,2]) -> (%y) {
          %w: f32[1,1,1,1] = constant {1}
          %s: f32[1] = constant {2}
          %c: f32[1,1,2,2] = Conv(%x, %w)
          %y: f32[1,1,2,2] = BatchNormalization(%c, %s, %s, %s, %s) {trainingMode: true}
        }
        """, reason: "trains")
    #expect(fault == nil)
  }

  @Test func scaleBiasResidualAndActivationEndInOneConv() throws {
    let fault = try rewriteFault(
      RuleSet.fuse,
      before: """
        graph "g"(%x: f32[b,1,2,2], %r: f32[b,2,2,2]) -> (%y) {
          %w: f32[2,1,1,1] = constant {1, 2}
          %k: f32[2,1,1] = constant {3, -4}
          %a: f32[1,2,1,1] = constant {5, 6}
          %c: f32[b,2,2,2] = Conv(%x, %w)
          %m: f32[b,2,2,2] = Mul(%k, %c)
          %s: f32[b,2,2,2] = Add(%m, %a)
          %q: f32[b,2,2,2] = Add(%r, %s)
          %y: f32[b,2,2,2] = Relu(%q)
        }
        """,
      after: """
        graph "g"(%x: f32[b,1,2,2], %r: f32[b,2,2,2]) -> (%y) {
          %w: f32[2,1,1,1] = constant {3, -8}
          %a: f32[2] = constant {5, 6}
          %y: f32[b,2,2,2] = Conv(%x, %w, %a, %r) {activation: {kind: "relu", alpha: 0.0, beta: 0.0}}
        }
        """)
    #expect(fault == nil)
  }

  @Test func aConstantThatDiffersWithinAChannelIsNoBias() throws {
    let fault = try refusalFault(
      FuseBias(),
      graph: """
        graph "g"(%x: f32[1,1,1,2]) -> (%y) {
          %w: f32[1,1,1,1] = constant {1}
          %k: f32[2] = constant {1, 2}
          %c: f32[1,1,1,2] = Conv(%x, %w)
          %y: f32[1,1,1,2] = Add(%c, %k)
        }
        """, reason: "differs within a channel")
    #expect(fault == nil)
  }

  @Test func aResidualOfAnotherShapeStays() throws {
    let fault = try refusalFault(
      FuseResidual(),
      graph: """
        graph "g"(%x: f32[1,1,1,2], %r: f32[1,1,1,1]) -> (%y) {
          %w: f32[1,1,1,1] = constant {1}
          %c: f32[1,1,1,2] = Conv(%x, %w)
          %y: f32[1,1,1,2] = Add(%c, %r)
        }
        """, reason: "shape")
    #expect(fault == nil)
  }

  @Test func aConvWithOtherReadersKeepsItsResult() throws {
    let fault = try refusalFault(
      FuseActivation(),
      graph: """
        graph "g"(%x: f32[1,1,1,2]) -> (%y, %c) {
          %w: f32[1,1,1,1] = constant {1}
          %c: f32[1,1,1,2] = Conv(%x, %w)
          %y: f32[1,1,1,2] = Relu(%c)
        }
        """, reason: "other readers")
    #expect(fault == nil)
  }

  @Test func clipBecomesAnActivation() throws {
    let fault = try rewriteFault(
      FuseActivation(),
      before: """
        graph "g"(%x: f32[3,2]) -> (%y) {
          %w: f32[2,2] = constant {1, 2, 3, 4}
          %low: f32[] = constant {0}
          %high: f32[] = constant {6}
          %c: f32[3,2] = Linear(%x, %w)
          %y: f32[3,2] = Clip(%c, %low, %high)
        }
        """,
      after: """
        graph "g"(%x: f32[3,2]) -> (%y) {
          %w: f32[2,2] = constant {1, 2, 3, 4}
          %y: f32[3,2] = Linear(%x, %w) {activation: {kind: "clip", alpha: 0.0, beta: 6.0}}
        }
        """)
    #expect(fault == nil)
  }

  @Test func paddingWithZerosGoesIntoConv() throws {
    let text = { (fill: Int) in
      """
      graph "g"(%x: f32[1,1,2,2]) -> (%y) {
        %w: f32[1,1,2,2] = constant {1, 2, 3, 4}
        %p: i64[8] = constant {0, 0, 1, 0, 0, 0, 0, 2}
        %f: f32[] = constant {\(fill)}
        %e: f32[1,1,3,4] = Pad(%x, %p, %f)
        %y: f32[1,1,2,3] = Conv(%e, %w)
      }
      """
    }
    let after = """
      graph "g"(%x: f32[1,1,2,2]) -> (%y) {
        %w: f32[1,1,2,2] = constant {1, 2, 3, 4}
        %y: f32[1,1,2,3] = Conv(%x, %w) {pads: [1, 0, 0, 2]}
      }
      """
    #expect(try rewriteFault(FusePad(), before: text(0), after: after) == nil)
    #expect(try refusalFault(FusePad(), graph: text(1), reason: "not zero") == nil)
  }
}
