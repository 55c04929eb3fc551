import ApusCore
import ApusOptimizer
import ApusTestSupport
import Testing

@Suite struct SimplificationTests {
  @Test(arguments: [
    "%y: f32[2,3] = Identity(%x)", "%y: f32[2,3] = Cast(%x) {to: \"f32\"}",
    "%s: i64[2] = constant {2, 3}\n %y: f32[2,3] = Reshape(%x, %s)",
    "%s: i64[2] = constant {1, 3}\n %y: f32[2,3] = Expand(%x, %s)",
    "%s: i64[2] = constant {1, 1}\n %y: f32[2,3] = Tile(%x, %s)",
    "%s: i64[1] = constant {0}\n %e: i64[1] = constant {9}\n %y: f32[2,3] = Slice(%x, %s, %e)",
    "%s: i64[4] = constant {0, 0, 0, 0}\n %y: f32[2,3] = Pad(%x, %s)", "%y: f32[2,3] = Concat(%x)",
    "%s: f32[1,3] = constant {1, 1, 1}\n %y: f32[2,3] = Mul(%s, %x)",
    "%s: f32[] = constant {0}\n %y: f32[2,3] = Sub(%x, %s)",
    "%y: f32[2,3] = Transpose(%x) {permutation: [0, 1]}", "%n: f32[2,3] = Neg(%x)\n %y: f32[2,3] = Neg(%n)",
    "%p: f32[2,1], %q: f32[2,2] = Split(%x, %s) {axis: 1}\n %y: f32[2,3] = Concat(%p, %q) {axis: -1}",
    "%c: bool[] = constant {1}\n %z: f32[] = constant {7}\n %y: f32[2,3] = Where(%c, %x, %z)",
  ])
  func whatChangesNothingGoes(_ text: String) throws {
    let sizes = text.contains("Split") ? "%s: i64[2] = constant {1, 2}\n" : ""
    let fault = try rewriteFault(
      RuleSet.noOps,
      before: "graph \"g\"(%x: f32[2,3]) -> (%o) {\n\(sizes)\(text)\n%o: f32[2,3] = Relu(%y)\n}",
      after: "graph \"g\"(%x: f32[2,3]) -> (%o) {\n%o: f32[2,3] = Relu(%x)\n}")
    #expect(fault == nil)
  }

  @Test func castLikeIsACastToAKnownType() throws {
    let text = { (cast: String) in
      """
      graph "g"(%x: f32[2,3], %l: f16[]) -> (%o, %p) {
        %y: f16[2,3] = \(cast)
        %o: f16[2,3] = Relu(%y)
        %p: f16[] = Neg(%l)
      }
      """
    }
    let fault = try rewriteFault(
      RuleSet.normalize, before: text("CastLike(%x, %l)"), after: text("Cast(%x) {to: \"f16\"}"))
    #expect(fault == nil)
  }

  @Test func anOutputKeepsAValueOfItsOwn() throws {
    let fault = try refusalFault(
      RemoveIdentity(), graph: "graph \"g\"(%x: f32[2]) -> (%y) {\n%y: f32[2] = Identity(%x)\n}",
      reason: "needs a value of its own")
    #expect(fault == nil)
  }

  @Test func aFactorThatEnlargesTheShapeStays() throws {
    let fault = try refusalFault(
      RemoveMultiplicationByOne(),
      graph: """
        graph "g"(%x: f32[1]) -> (%z) {
          %o: f32[2] = constant {1, 1}
          %y: f32[2] = Mul(%x, %o)
          %z: f32[2] = Relu(%y)
        }
        """, reason: "the shape changes")
    #expect(fault == nil)
  }

  @Test func reshapeChainsGetOneConstantTarget() throws {
    let fault = try rewriteFault(
      RuleSet.normalize,
      before: """
        graph "g"(%x: f32[b,3,4]) -> (%y) {
          %a: i64[1] = constant {0}
          %m: i64[1] = constant {-1}
          %s: i64[3] = Shape(%x)
          %o: i64[1] = constant {1}
          %n: i64[1] = Slice(%s, %a, %o)
          %t: i64[2] = Concat(%n, %m)
          %u: f32[b,1,3,4] = Unsqueeze(%x, %o)
          %y: f32[b,12] = Reshape(%u, %t)
        }
        """,
      after: """
        graph "g"(%x: f32[b,3,4]) -> (%y) {
          %t: i64[2] = constant {0, 12}
          %y: f32[b,12] = Reshape(%x, %t)
        }
        """)
    #expect(fault == nil)
  }

  @Test func gemmBecomesLinear() throws {
    let fault = try rewriteFault(
      ReplaceGemmByLinear(),
      before: """
        graph "g"(%x: f32[b,2]) -> (%y) {
          %w: f32[3,2] = constant {1, 2, 3, 4, 5, 6}
          %c: f32[1,3] = constant {1, 2, 3}
          %y: f32[b,3] = Gemm(%x, %w, %c) {alpha: 0.5, beta: 2.0, transB: true}
        }
        """,
      after: """
        graph "g"(%x: f32[b,2]) -> (%y) {
          %w: f32[2,3] = constant {0.5, 1.5, 2.5, 1, 2, 3}
          %c: f32[3] = constant {2, 4, 6}
          %y: f32[b,3] = Linear(%x, %w, %c)
        }
        """)
    #expect(fault == nil)
  }

  @Test func aMeanOverSpaceBecomesAPool() throws {
    let fault = try rewriteFault(
      ReplaceMeanByGlobalAveragePool(),
      before: """
        graph "g"(%x: f32[b,3,4,5]) -> (%y) {
          %a: i64[2] = constant {-1, 2}
          %y: f32[b,3] = ReduceMean(%x, %a) {keepDims: false}
        }
        """,
      after: """
        graph "g"(%x: f32[b,3,4,5]) -> (%y) {
          %t: i64[2] = constant {0, 3}
          %p: f32[b,3,1,1] = GlobalAveragePool(%x)
          %y: f32[b,3] = Reshape(%p, %t)
        }
        """)
    #expect(fault == nil)
  }

  @Test func tablesAreComputedBeforeRowsArePicked() throws {
    let fault = try rewriteFault(
      ComputeBeforeGather(),
      before: """
        graph "g"(%i: i64[n]) -> (%y) {
          %t: f32[3,2] = constant {1, 2, 3, 4, 5, 6}
          %one: i64[] = constant {1}
          %h: f32[] = constant {0.5}
          %r: f32[n,2] = Gather(%t, %i)
          %c: f32[n] = Gather(%r, %one) {axis: 1}
          %y: f32[n] = Mul(%c, %h)
        }
        """,
      after: """
        graph "g"(%i: i64[n]) -> (%y) {
          %t: f32[3] = constant {1, 2, 3}
          %y: f32[n] = Gather(%t, %i)
        }
        """)
    #expect(fault == nil)
  }

  @Test func aDivisionByAConstantBecomesAProduct() throws {
    let text = { (type: String) in
      "graph \"g\"(%x: \(type)[3]) -> (%y) {\n%d: \(type)[] = constant {8}\n%y: \(type)[3] = Div(%x, %d)\n}"
    }
    let after = "graph \"g\"(%x: f32[3]) -> (%y) {\n%d: f32[] = constant {0.125}\n%y: f32[3] = Mul(%x, %d)\n}"
    #expect(try rewriteFault(ReplaceDivByMul(), before: text("f32"), after: after) == nil)
    #expect(try refusalFault(ReplaceDivByMul(), graph: text("i64"), reason: "integers") == nil)
  }
}
