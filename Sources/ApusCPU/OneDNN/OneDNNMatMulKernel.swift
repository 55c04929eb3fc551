public import ApusCore
public import ApusEngine
import ApusOperators
import CApusDrivers

/// Product with a constant matrix by oneDNN; by our own kernel where the library is not there.
///
/// Constants: the matrix as oneDNN placed it, then the FP32 bias when there is one.
public struct OneDNNMatMulKernel: CPUKernel {
  public struct Parameters: Codable, Sendable {
    /// Without a packed matrix of our own.
    public var product: MatMulKernel.Parameters
    /// Rows and columns of the second matrix, `alpha` and transposition applied.
    public var sizes: [Int]
    public var weights: OneDNNLayout
  }

  private struct Key: Hashable {
    var input: TensorDescriptor
    var output: TensorDescriptor
    var threads: Int
  }

  public static let kind = "cpu.onednn.matmul"
  private let parameters: Parameters
  private let weights: OneDNNWeights
  private let bias: ConstantBytes
  private let primitives = OneDNNPrimitives<Key>()
  private let fallback: (kernel: MatMulKernel, packed: Tensor)?

  public init(_ parameters: Parameters, constants: [UnsafeRawBufferPointer]) throws {
    self.parameters = parameters
    let product = parameters.product
    bias = ConstantBytes(product.hasBias ? constants.last : nil)
    weights = try OneDNNWeights(
      ConstantBytes(constants.first), parameters.weights, product.type, dims: parameters.sizes)
    guard OneDNNLibrary.shared == nil else {
      fallback = nil
      return
    }
    var own = product
    (own.transB, own.alpha) = (false, 1)
    let plain = weights.plain()
    let packed = own.pack(Tensor(plain.doubles().map { Float($0) }, shape: plain.shape))
    let bytes = UnsafeRawBufferPointer(
      start: packed.storage.base + packed.byteOffset, count: packed.byteCount)
    let rest = product.hasBias ? constants.suffix(1) : []
    fallback = (try MatMulKernel(own, constants: [bytes] + rest), packed)
  }

  public func prepare(_ context: PrepareContext) throws -> PreparedKernel {
    guard let library = OneDNNLibrary.shared else {
      guard let fallback else { throw ApusError(.internal, Problem(.internalError, "oneDNN went away")) }
      return try fallback.kernel.prepare(context)
    }
    let (input, output) = (try context.input(0), try context.output(0))
    let key = Key(input: input, output: output, threads: context.threads)
    let primitive = try primitives.primitive(key) {
      try parameters.product.oneDNNPrimitive(
        library, input: input.shape, sizes: parameters.sizes, threads: context.threads)
    }
    let (packed, owner) = try weights.bytes(for: primitive)
    var arguments = [APUS_ONEDNN_SOURCE, APUS_ONEDNN_WEIGHTS, APUS_ONEDNN_DESTINATION]
    if parameters.product.hasBias { arguments.append(APUS_ONEDNN_BIAS) }
    let call = try OneDNNCall(primitive, arguments)
    call.set(1, packed)
    if parameters.product.hasBias { call.set(3, bias.base) }
    let (byteCount, residual) = (output.byteCount, parameters.product.residual)
    return PreparedKernel(scratchBytes: primitive.scratchBytes) { frame in
      guard let target = frame.output(0) else { return }
      if let residual, let added = frame.input(residual), added != UnsafeRawPointer(target) {
        target.copyMemory(from: added, byteCount: byteCount)
      }
      call.set(0, frame.input(0))
      call.set(2, target)
      try withExtendedLifetime(owner) { try call.run(scratch: frame.scratch, pool: frame.pool) }
    }
  }
}

extension MatMulKernel.Parameters {
  /// The record's parameters and the packed matrix, chosen for an input of a shape; throws where oneDNN has no kernel.
  public func oneDNN(_ matrix: Tensor, input: [Int], threads: Int) throws -> (
    OneDNNMatMulKernel.Parameters, Tensor
  ) {
    guard let library = OneDNNLibrary.shared else {
      throw ApusError(.resources, Problem(.internalError, "oneDNN is not there"))
    }
    let sizes = transB ? Array(matrix.shape.reversed()) : matrix.shape
    let primitive = try oneDNNPrimitive(library, input: input, sizes: sizes, threads: threads)
    let memory = try primitive.memory(APUS_ONEDNN_WEIGHTS)
    guard let layout = OneDNNLayout(library, memory) else {
      throw ApusError(.internal, Problem(.internalError, "oneDNN keeps its weights in a private placement"))
    }
    let packed = try OneDNNWeights.pack(scaled(matrix, sizes), as: memory, library)
    return (OneDNNMatMulKernel.Parameters(product: self, sizes: sizes, weights: layout), packed)
  }

  /// The second matrix as it is multiplied.
  private func scaled(_ matrix: Tensor, _ sizes: [Int]) -> Tensor {
    if alpha == 1 && !transB { return matrix }
    let values = matrix.doubles()
    let (k, n) = (sizes[0], sizes[1])
    let elements = (0..<k * n).map { alpha * values[transB ? $0 % n * k + $0 / n : $0] }
    return Tensor(doubles: elements, type, sizes)
  }

  fileprivate func oneDNNPrimitive(_ library: OneDNNLibrary, input: [Int], sizes: [Int], threads: Int) throws
    -> OneDNNPrimitive
  {
    let (k, n) = (sizes[0], sizes[1])
    let m = transA ? (input.last ?? 1) : input.dropLast().reduce(1, *)
    let source = try OneDNNMemory(library, type, [m, k], strides: transA ? [1, m] : [k, 1])
    let weights = try OneDNNMemory(any: library, type, [k, n])
    let target = try OneDNNMemory(library, type, [m, n])
    let bias = hasBias ? try OneDNNMemory(library, .f32, [1, n]) : nil
    return try OneDNNPrimitive(
      library, threads: threads, postOps: oneDNNPostOps(activation, addsOutput: residual != nil), "matmul"
    ) { library, attributes, made in
      apus_onednn_matmul_create(
        library, source.handle, weights.handle, bias?.handle, target.handle, attributes, made)
    }
  }
}
