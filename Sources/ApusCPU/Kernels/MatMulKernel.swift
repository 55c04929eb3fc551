public import ApusCore
public import ApusEngine
public import ApusOperators
import CApusKernels

/// Matrix products `activation(alpha * op(a) · op(b) + bias + residual)` with broadcast batch axes.
///
/// Constants: the packed second matrix where it is known, then the FP32 bias when there is one.
public struct MatMulKernel: CPUKernel {
  public struct Parameters: Codable, Sendable {
    public var transA = false
    public var transB = false
    public var alpha = 1.0
    public var activation = Activation.none
    /// Rows and columns of the packed matrix; nil: input 1 is read.
    public var packed: [Int]?
    /// Element type of products.
    public var type = DType.f32
    public var hasBias = false
    /// What FP32 products of a packed matrix are made of.
    public var parts = BF16Parts.none
    /// Position of the residual among the inputs; nil: none.
    public var residual: Int?

    public init(type: DType) { self.type = type }

    /// Packs a matrix of FP32 elements `[rows, columns]`, or its transpose with `transB`.
    public mutating func pack(_ matrix: Tensor) -> Tensor {
      let (rows, columns) = (matrix.shape[0], matrix.shape[1])
      let (k, n) = transB ? (columns, rows) : (rows, columns)
      packed = [k, n]
      var gemm = apus_gemm()
      gemm.n = n
      gemm.k = k
      gemm.ldb = columns
      gemm.b_transposed = transB
      gemm.alpha = Float(alpha)
      gemm.type = type.native
      gemm.b_type = APUS_F32
      gemm.b_packed = true
      gemm.parts = parts.rawValue
      return Tensor(.u8, [apus_gemm_packed_bytes(&gemm)]) { target in
        matrix.withUnsafeBytes { apus_gemm_pack(&gemm, $0.baseAddress, target.baseAddress) }
      }
    }
  }

  public static let kind = "cpu.matmul"
  private let parameters: Parameters
  private let packed: ConstantBytes
  private let bias: ConstantBytes

  public init(_ parameters: Parameters, constants: [UnsafeRawBufferPointer]) throws {
    self.parameters = parameters
    packed = ConstantBytes(parameters.packed == nil ? nil : constants.first)
    bias = ConstantBytes(parameters.hasBias ? constants.last : nil)
    guard let sizes = parameters.packed else { return }
    var gemm = apus_gemm()
    gemm.type = parameters.type.native
    gemm.parts = parameters.parts.rawValue
    (gemm.k, gemm.n) = sizes.count == 2 ? (sizes[0], sizes[1]) : (0, 0)
    guard sizes.count == 2, packed.byteCount >= apus_gemm_packed_bytes(&gemm) else {
      throw ApusError(.invalidModel, Problem(.engineDamaged, "a packed matrix does not fit its sizes"))
    }
  }

  public func prepare(_ context: PrepareContext) throws -> PreparedKernel {
    let (a, output) = (try context.input(0), try context.output(0))
    var gemm = apus_gemm()
    gemm.batch = 1
    gemm.alpha = Float(parameters.alpha)
    gemm.type = parameters.type.native
    gemm.a_type = a.dtype.native
    gemm.b_type = gemm.a_type
    gemm.c_type = output.dtype.native
    gemm.a_transposed = parameters.transA
    gemm.b_transposed = parameters.transB
    var outer = MatrixBatch()
    if let packed = parameters.packed {
      (gemm.k, gemm.n) = (packed[0], packed[1])
      gemm.m = parameters.transA ? a.shape[1] : a.shape.dropLast().reduce(1, *)
      gemm.ldb = gemm.n
      gemm.b_packed = true
      gemm.parts = parameters.parts.rawValue
    } else {
      let b = try context.input(1)
      let left = a.shape.count == 1 ? [1] + a.shape : a.shape
      let right = b.shape.count == 1 ? b.shape + [1] : b.shape
      let (rows, columns) = (left.suffix(2), right.suffix(2))
      (gemm.m, gemm.k) =
        parameters.transA ? (rows.last ?? 1, rows.first ?? 1) : (rows.first ?? 1, rows.last ?? 1)
      gemm.n = (parameters.transB ? columns.first : columns.last) ?? 1
      gemm.ldb = columns.last ?? 1
      gemm.b_type = b.dtype.native
      outer = try MatrixBatch(
        left.dropLast(2), right.dropLast(2), a: gemm.m * gemm.k, b: gemm.k * gemm.n, c: gemm.m * gemm.n)
      gemm.batch = outer.count
      (gemm.a_batch, gemm.b_batch, gemm.c_batch) = (outer.a, outer.b, outer.c)
    }
    gemm.lda = parameters.transA ? gemm.m : gemm.k
    gemm.ldc = gemm.n
    guard apus_gemm_valid(&gemm) else {
      throw ApusError(
        .internal, Problem(.internalError, "a product of \(a.dtype.rawValue) matrices has no kernel"))
    }
    let scratch = apus_gemm_workspace_bytes(&gemm, Int32(context.threads))
    return prepared(
      gemm, outer, scratch: scratch, aWidth: a.dtype.bitWidth / 8, cWidth: output.dtype.bitWidth / 8)
  }

  private func prepared(
    _ gemm: apus_gemm, _ outer: MatrixBatch, scratch: Int, aWidth: Int, cWidth: Int
  ) -> PreparedKernel {
    var epilogue = EpilogueParameters(activation: parameters.activation).native()
    epilogue.bias = bias.base?.assumingMemoryBound(to: Float.self)
    let bWidth = gemm.b_type == APUS_F32 ? 4 : 2
    return PreparedKernel(scratchBytes: scratch) {
      [gemm, epilogue, packed, residual = parameters.residual] frame in
      var epilogue = epilogue
      let added = residual.flatMap { frame.input($0) }
      guard let a = frame.input(0), let b = packed.base ?? frame.input(1), let c = frame.output(0) else {
        return
      }
      for run in outer.offsets.indices {
        let offset = outer.offsets[run]
        epilogue.residual = added.map { $0 + offset.c * cWidth }
        withUnsafePointer(to: gemm) {
          apus_gemm_run(
            $0, a + offset.a * aWidth, b + offset.b * bWidth, &epilogue, c + offset.c * cWidth, frame.scratch,
            frame.pool)
        }
      }
    }
  }
}

/// Which matrices of two batches go together: runs of `count` with even steps, one for each offset. In elements.
private struct MatrixBatch {
  var count = 1
  var (a, b, c) = (0, 0, 0)
  var offsets = [(a: 0, b: 0, c: 0)]

  init() {}

  /// `a`, `b`, `c`: elements of one matrix.
  init(_ left: some Collection<Int>, _ right: some Collection<Int>, a: Int, b: Int, c: Int) throws {
    let batch = try Broadcasting.shape([Array(left), Array(right)])
    let (aStrides, bStrides) = (
      Broadcasting.strides(of: Array(left), over: batch), Broadcasting.strides(of: Array(right), over: batch)
    )
    let cStrides = batch.rowMajorStrides
    var axes: [(size: Int, a: Int, b: Int, c: Int)] = []
    for axis in batch.indices where batch[axis] != 1 {
      let next = (size: batch[axis], a: aStrides[axis] * a, b: bStrides[axis] * b, c: cStrides[axis] * c)
      if let last = axes.last, last.a == next.a * next.size, last.b == next.b * next.size {
        axes[axes.count - 1] = (last.size * next.size, next.a, next.b, next.c)
      } else {
        axes.append(next)
      }
    }
    guard let inner = axes.popLast() else { return }
    (count, self.a, self.b, self.c) = inner
    for axis in axes {
      offsets = offsets.flatMap { base in
        (0..<axis.size).map { (base.a + $0 * axis.a, base.b + $0 * axis.b, base.c + $0 * axis.c) }
      }
    }
  }
}
