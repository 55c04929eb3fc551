import ApusCPUTactics
import ApusCUDA
import ApusCore
import ApusEngine
import ApusOperators
import ApusTactics
import Testing

@testable import ApusCUDATactics

/// Products on FP32 operands in TF32, which happens only where it is asked for.
@Suite struct TF32Tests {
  private struct Names: KernelImages {
    func image(_ source: KernelSource, target: String) throws -> [UInt8] { Array(source.entry.utf8) }
  }

  /// What the tactics chose for a convolution, a product with a matrix and one of two computed matrices.
  private func programs(_ precision: String, _ dtype: DType = .f32) throws -> [String] {
    let set = TacticSet.cuda(
      CUDARuntime(NullGPU()), images: Names(), precision: precision, host: .cpu())
    let name = dtype.rawValue
    let graph = try GraphParser.parse(
      """
      graph "products"(%x: \(name)[2,64,14,14], %d: \(name)[2,96,200,14]) -> (%y) {
        %v: \(name)[96,64,1,1] = constant @0
        %w: \(name)[14,200] = constant @1
        %a: \(name)[2,96,14,14] = Conv(%x, %v)
        %b: \(name)[2,96,14,200] = Linear(%a, %w)
        %y: \(name)[2,96,14,14] = MatMul(%b, %d)
      }
      """,
      catalogue: .standard,
      constants: [Tensor(dtype, [96, 64, 1, 1]), Tensor(dtype, [14, 200])])
    let plan = try Lowering.lower(
      graph, tactics: set, constants: ConstantPool(section: "packed.0"), chooser: FirstTactic()
    ).plan
    let products = plan.steps.filter { ["Conv", "Linear", "MatMul"].contains($0.operatorName) }
    #expect(products.count == 3)
    return products.compactMap(\.kernel.program)
  }

  @Test func fp32IsExactUnlessAskedOtherwise() throws {
    #expect(try programs("fp32").allSatisfy { !$0.hasPrefix("tf32") })
    #expect(try programs("fp16").allSatisfy { !$0.hasPrefix("tf32") })
  }

  @Test func tf32MultipliesConvolutionsAndProducts() throws {
    for precision in ["tf32", "fp16,tf32"] {
      #expect(try programs(precision).count { $0.hasPrefix("tf32") } == 3)
      #expect(try programs(precision, .f16).allSatisfy { $0.hasPrefix("f16") })
    }
  }

  @Test func weightsAreRoundedToNearest() {
    for _ in 0..<1000 {
      let value = Float(bitPattern: .random(in: 0 ... .max))
      guard value.isFinite else { continue }
      let rounded = roundedToTF32(value)
      #expect(rounded.bitPattern & 0x1fff == 0)
      let step = Float(bitPattern: value.bitPattern & ~0x1fff)
      // Half a step at most, except where the next number is none.
      let next = Float(bitPattern: (value.bitPattern & ~0x1fff) &+ 0x2000)
      if next.isFinite { #expect((rounded - value).magnitude <= ((next - step) / 2).magnitude) }
    }
  }

  @Test func twoPartsAreNearlyTheWhole() {
    let weights =
      (0..<1001).map { _ in Float(bitPattern: .random(in: 0 ... .max)) } + [
        0, -0.0, .infinity, -.infinity, 1.1,
      ]
    let parts = tf32Parts(weights)
    #expect(parts.count == 2 * weights.count)
    for (index, whole) in weights.enumerated() where whole.isFinite && whole.magnitude > 1e-30 {
      let (high, low) = (parts[index], parts[weights.count + index])
      #expect(high == roundedToTF32(whole))
      #expect(low.bitPattern & 0x1fff == 0)
      #expect((Double(whole) - Double(high) - Double(low)).magnitude <= 0x1p-21 * Double(whole.magnitude))
    }
    for (index, whole) in weights.enumerated() where whole.isInfinite {
      #expect(parts[index] == whole && parts[weights.count + index] == 0)
    }
  }
}
