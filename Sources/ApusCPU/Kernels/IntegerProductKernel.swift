import ApusCore
public import ApusEngine
import CApusKernels

/// Products of 8-bit matrices, summed in I32, and brought back to 8 bits where the result has a scale.
///
/// Inputs of sums: a, b, zero points of a and of b. Inputs of 8-bit results: a, its scale and zero point, b, its scale
/// and zero point, scale and zero point of the result.
public struct IntegerProductKernel: CPUKernel {
  public struct Parameters: Codable, Sendable {
    public var requantizes: Bool

    public init(requantizes: Bool) { self.requantizes = requantizes }
  }

  public static let kind = "cpu.matmul.integer"
  private let parameters: Parameters

  public init(_ parameters: Parameters, constants: [UnsafeRawBufferPointer]) { self.parameters = parameters }

  public func prepare(_ context: PrepareContext) throws -> PreparedKernel {
    let requantizes = parameters.requantizes
    let (second, zeroA, zeroB) = requantizes ? (3, 2, 5) : (1, 2, 3)
    let (a, b, output) = (try context.input(0), try context.input(second), try context.output(0))
    let zeros = { (index: Int) in index < context.inputs.count ? context.inputs[index] : nil }
    let product = try native(a, b, zeros(zeroA), zeros(zeroB))
    let workspace = withUnsafePointer(to: product) { apus_integer_product_workspace_bytes($0) }
    let (hasA, hasB) = (zeros(zeroA) != nil, zeros(zeroB) != nil)
    let start = workspace.roundedUp(to: 64)
    let sumBytes = requantizes ? product.batch * product.m * product.n * 4 : 0
    return PreparedKernel(scratchBytes: start + sumBytes) { frame in
      guard let target = requantizes ? frame.scratch + start : frame.output(0) else { return }
      let sums = target.assumingMemoryBound(to: Int32.self)
      withUnsafePointer(to: product) {
        apus_integer_product_run(
          $0, frame.input(0), frame.input(second), hasA ? frame.input(zeroA) : nil,
          hasB ? frame.input(zeroB) : nil, sums, frame.scratch, frame.pool)
      }
      guard requantizes else { return }
      var scale = frame.float(1) * frame.float(4) / frame.float(6)
      apus_requantize(
        sums, product.batch * product.m, 1, product.n, nil, &scale, 0, frame.zeroPoint(7, output.dtype),
        output.dtype.element, frame.output(0), frame.pool)
    }
  }

  /// Sizes; the batches of one operand repeat, or are those of the other.
  private func native(
    _ a: TensorDescriptor, _ b: TensorDescriptor, _ zeroA: TensorDescriptor?, _ zeroB: TensorDescriptor?
  ) throws -> apus_integer_product {
    let (rankA, rankB) = (a.shape.count, b.shape.count)
    guard rankA >= 2, rankB >= 2, a.shape[rankA - 1] == b.shape[rankB - 2] else {
      throw IndexFailure.shapes("matrices \(a.shape) and \(b.shape) do not fit")
    }
    let (batchA, batchB) = (Array(a.shape.dropLast(2)), Array(b.shape.dropLast(2)))
    guard batchA == batchB || rankA == 2 || rankB == 2 else {
      throw IndexFailure.shapes("batches \(batchA) and \(batchB) have no kernel")
    }
    var native = apus_integer_product()
    native.batch = max(batchA.elementCount, batchB.elementCount)
    if batchA.contains(0) || batchB.contains(0) { native.batch = 0 }
    (native.m, native.k, native.n) = (a.shape[rankA - 2], a.shape[rankA - 1], b.shape[rankB - 1])
    native.a_batch = rankA == 2 ? 0 : native.m * native.k
    native.b_batch = rankB == 2 ? 0 : native.k * native.n
    (native.a_type, native.b_type) = (a.dtype.element, b.dtype.element)
    native.a_zero_rows = (zeroA?.elementCount ?? 1) != 1
    native.b_zero_columns = (zeroB?.elementCount ?? 1) != 1
    guard !native.a_zero_rows || zeroA?.elementCount == native.m,
      !native.b_zero_columns || zeroB?.elementCount == native.n
    else { throw IndexFailure.shapes("zero points do not fit matrices \(a.shape) and \(b.shape)") }
    if rankB == 2, !native.a_zero_rows {
      (native.m, native.batch) = (native.m * native.batch, native.batch == 0 ? 0 : 1)
    }
    return native
  }
}

extension Int {
  func roundedUp(to multiple: Int) -> Int { (self + multiple - 1) / multiple * multiple }
}

extension KernelFrame {
  /// The first FP32 element of an input.
  borrowing func float(_ index: Int) -> Double {
    input(index).map { Double($0.loadUnaligned(as: Float.self)) } ?? 0
  }

  /// The first I8 or U8 element of an input.
  borrowing func zeroPoint(_ index: Int, _ dtype: DType) -> Int32 {
    guard let address = input(index) else { return 0 }
    return dtype == .i8 ? Int32(address.load(as: Int8.self)) : Int32(address.load(as: UInt8.self))
  }
}
