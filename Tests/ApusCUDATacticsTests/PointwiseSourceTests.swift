import ApusCUDA
import ApusCore
import ApusEngine
import ApusOperators
import Testing

@testable import ApusCUDATactics

private let compiler = try? RuntimeCompiler()

@Suite struct PointwiseSourceTests {
  /// Every elementwise operator with as many operands as it takes.
  private static let unary: [any Operator] = [
    Abs(), Acos(), Acosh(), Asin(), Asinh(), Atan(), Atanh(), Ceil(), Celu(), Cos(), Cosh(), Elu(), Erf(),
    Exp(),
    Floor(), Gelu(), HardSigmoid(), HardSwish(), LeakyRelu(), Log(), Mish(), Neg(), Reciprocal(), Relu(),
    Round(), Selu(), Shrink(), Sigmoid(), Sign(), Sin(), Sinh(), Softplus(), Softsign(), Sqrt(), Swish(),
    Tan(),
    Tanh(), ThresholdedRelu(),
  ]
  private static let binary: [any Operator] = [
    Add(), Div(), Max(), Mean(), Min(), Mod(fmod: true), Mul(), Pow(), PRelu(), Sub(), Sum(),
  ]
  private static let comparisons: [any Operator] = [
    Equal(), Greater(), GreaterOrEqual(), Less(), LessOrEqual(),
  ]

  private func text(_ op: any Operator, _ inputs: [DType], _ output: DType) throws -> String {
    let body = try PointwiseBody(op, inputs: inputs, outputs: [output], scalars: [])
    let shapes = [[2, 3, 8], [3, 1], [8]]
    let source = try PointwiseSource(
      body, inputs: inputs.enumerated().map { TensorDescriptor($1, shapes[$0]) },
      outputs: [TensorDescriptor(output, shapes[0])])
    return try #require(source.spec().source.text)
  }

  private func everything() throws -> [String] {
    var texts: [String] = []
    for dtype in [DType.f16, .bf16, .f32, .f64] {
      texts += try Self.unary.map { try text($0, [dtype], dtype) }
      texts += try Self.binary.map { try text($0, [dtype, dtype], dtype) }
      texts += try Self.comparisons.map { try text($0, [dtype, dtype], .bool) }
      texts += try [IsNaN() as any Operator, IsInf()].map { try text($0, [dtype], .bool) }
    }
    for dtype in [DType.i8, .u8, .i16, .u16, .i32, .u32, .i64, .u64] {
      texts += try [Abs() as any Operator, Neg(), Relu(), Sign(), BitwiseNot()].map {
        try text($0, [dtype], dtype)
      }
      texts += try [
        Add() as any Operator, Div(), Max(), Min(), Mod(), Mul(), Sub(), BitwiseAnd(), BitwiseOr(),
        BitwiseXor(),
        BitShift(),
      ].map { try text($0, [dtype, dtype], dtype) }
      texts += try Self.comparisons.map { try text($0, [dtype, dtype], .bool) }
    }
    texts += try [And() as any Operator, Or(), Xor()].map { try text($0, [.bool, .bool], .bool) }
    texts.append(try text(Where(), [.bool, .f16, .f16], .f16))
    for from in [DType.f16, .f32, .f64, .i8, .i64, .u64, .bool] {
      texts += try [DType.f16, .bf16, .f64, .i32, .u8, .u64, .bool].map { try text(Cast(to: $0), [from], $0) }
    }
    return texts
  }

  @Test func everyOperatorHasAKernel() throws { #expect(try everything().count > 400) }

  /// One program of all kernels: the compiler's start-up would take longer than they do.
  @Test(.enabled(if: compiler != nil, "NVRTC is not installed"))
  func everyKernelCompiles() throws {
    let header = "#include \"common.cuh\"\n"
    let kernels = try everything().enumerated().map { number, text in
      text.replacing(header, with: "").replacing(" pointwise(", with: " pointwise\(number)(")
    }
    let source = KernelSource(generated: header + kernels.joined(), name: "all.cu", entry: "pointwise0")
    #expect(try compiler?.cubin(source, target: "sm_90a").isEmpty == false)
  }

  @Test func layoutsAndBroadcastsMoveNeighboursTogether() throws {
    let body = try PointwiseBody(Add(), inputs: [.f16, .f16], outputs: [.f16], scalars: [])
    let picture = TensorDescriptor(.f16, [2, 16, 5, 5], .channelsLast)
    let source = try PointwiseSource(
      body, inputs: [picture, TensorDescriptor(.f16, [1, 16, 1, 1])], outputs: [picture])
    // 2 * 25 pixels of 16 channels, eight a thread.
    #expect(source.spec().geometry.grid.x == 1)
    #expect(source.spec().source.text?.contains("Raw<16>::T") ?? false)
  }
}
