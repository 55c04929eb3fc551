import ApusCore
import CApusDrivers

/// cuBLASLt on one device, whose context must be current.
final class CuBLASLt: @unchecked Sendable {
  // Nothing changes after `init`, and the library's calls are thread-safe.
  private let library: UnsafePointer<apus_cublaslt>
  private let handle: apus_cublaslt_handle
  let version: Int

  init() throws {
    let (table, finding) = CUDALibraries.withFolders(CUDALibraries.folders()) {
      apus_cublaslt_open($0, $1, $2)
    }
    guard let table else { throw CUDALibrary.cublasLt.missing(finding.problem ?? "not found") }
    var handle: apus_cublaslt_handle?
    try Self.check(table.pointee.create(&handle), table, "starting cuBLASLt")
    guard let handle else { throw CUDALibrary.cublasLt.missing("it gives no handle") }
    library = table
    self.handle = handle
    version = Int(table.pointee.version())
  }

  deinit { _ = library.pointee.destroy(handle) }

  private static func check(
    _ status: apus_cublas_status, _ library: UnsafePointer<apus_cublaslt>, _ call: @autoclosure () -> String
  ) throws {
    guard status != Int32(APUS_CUBLAS_SUCCESS) else { return }
    let name = library.pointee.status_name(status).map { String(cString: $0) } ?? "status \(status)"
    let id: ProblemID = status == Int32(APUS_CUBLAS_ALLOC_FAILED) ? .outOfMemory : .driverFailure
    throw ApusError(.resources, Problem(id, "\(call()): \(name)"))
  }

  /// The descriptors of a product; nil where the library does not know such products.
  private func plan(_ product: MatrixProduct) throws -> OpaquePointer? {
    var described = apus_cublaslt_product(product)
    var status: apus_cublas_status = 0
    let plan = apus_cublaslt_plan_create(library, handle, &described, &status)
    if status == Int32(APUS_CUBLAS_NOT_SUPPORTED) { return nil }
    try Self.check(status, library, "describing \(product.text)")
    return plan
  }

  func choices(for product: MatrixProduct, workspaceBytes: Int, count: Int) throws -> [LibraryChoice] {
    guard let plan = try plan(product) else { return [] }
    defer { apus_cublaslt_plan_destroy(plan) }
    return try choose(plan, product, workspaceBytes: workspaceBytes, count: count).map { result in
      LibraryChoice(
        version: version, description: result.algorithm.text, workspaceBytes: result.workspace_bytes)
    }
  }

  private func choose(_ plan: OpaquePointer, _ product: MatrixProduct, workspaceBytes: Int, count: Int) throws
    -> [apus_cublaslt_result]
  {
    var results = [apus_cublaslt_result](repeating: apus_cublaslt_result(), count: max(count, 1))
    var found: Int32 = 0
    let status = apus_cublaslt_plan_choose(plan, workspaceBytes, Int32(clamping: count), &results, &found)
    if status == Int32(APUS_CUBLAS_NOT_SUPPORTED) { return [] }
    try Self.check(status, library, "choosing an algorithm for \(product.text)")
    return results.prefix(Int(found)).filter { $0.state == Int32(APUS_CUBLAS_SUCCESS) }
  }

  /// A product with the algorithm that was chosen. Where this library does not know it, the version being another, its
  /// own favourite that needs no more workspace takes its place.
  func prepare(_ product: MatrixProduct, _ choice: LibraryChoice) throws -> CuBLASLtProductPlan {
    let refusal = {
      ApusError(
        .resources,
        Problem(
          .driverFailure, "cuBLASLt \(self.version) cannot compute \(product.text)",
          fix: "optimize the model again on this machine"))
    }
    guard let plan = try plan(product) else { throw refusal() }
    let prepared = CuBLASLtProductPlan(plan, product, choice.workspaceBytes) { [library] in
      try Self.check($0, library, "computing \(product.text)")
    }
    if choice.version == version, var known = apus_cublaslt_algorithm(text: choice.description) {
      var needed = 0
      let status = apus_cublaslt_plan_check(plan, &known, &needed)
      if status == Int32(APUS_CUBLAS_SUCCESS), needed <= choice.workspaceBytes {
        prepared.algorithm = known
        return prepared
      }
    }
    guard
      let favourite = try choose(plan, product, workspaceBytes: choice.workspaceBytes, count: 1).first
    else { throw refusal() }
    prepared.algorithm = favourite.algorithm
    return prepared
  }
}

/// A product of cuBLASLt, ready to run.
final class CuBLASLtProductPlan: LibraryPlan {
  private let plan: OpaquePointer
  private let product: MatrixProduct
  private let workspaceBytes: Int
  private let check: (apus_cublas_status) throws -> Void
  fileprivate(set) var algorithm = apus_cublaslt_algorithm()

  fileprivate init(
    _ plan: OpaquePointer, _ product: MatrixProduct, _ workspaceBytes: Int,
    _ check: @escaping (apus_cublas_status) throws -> Void
  ) {
    self.plan = plan
    self.product = product
    self.workspaceBytes = workspaceBytes
    self.check = check
  }

  deinit { apus_cublaslt_plan_destroy(plan) }

  func run(_ operands: LibraryOperands, on stream: OpaquePointer) throws {
    func address(_ name: String) -> UnsafeMutableRawPointer? {
      operands.addresses[name].flatMap { UnsafeMutableRawPointer(bitPattern: UInt($0)) }
    }
    if let missing = product.operands.first(where: { address($0) == nil }) {
      throw ApusError(.internal, Problem(.internalError, "\(product.text) without its \(missing)"))
    }
    var given = apus_cublaslt_operands()
    given.left = UnsafeRawPointer(address("input"))
    given.right = UnsafeRawPointer(address("weights"))
    given.addend = UnsafeRawPointer(address("residual"))
    given.bias = UnsafeRawPointer(address("bias"))
    given.output = address("output")
    given.workspace = UnsafeMutableRawPointer(bitPattern: UInt(operands.workspace))
    given.workspace_bytes = workspaceBytes
    var algorithm = algorithm
    try check(apus_cublaslt_plan_run(plan, &algorithm, &given, stream))
  }
}

extension MatrixProduct {
  /// What an error calls it.
  var text: String {
    "a product of \(batches > 1 ? "\(batches) times " : "")\(rows)x\(reduction) and \(reduction)x\(columns) "
      + "in \(math.rawValue)"
  }
}

extension apus_cublaslt_product {
  fileprivate init(_ product: MatrixProduct) {
    self.init()
    switch product.math {
    case .f16: type = Int32(APUS_CUDA_R_16F)
    case .bf16: type = Int32(APUS_CUDA_R_16BF)
    case .tf32, .f32x3, .f32: type = Int32(APUS_CUDA_R_32F)
    }
    compute_type = Int32(
      product.math == .tf32 ? APUS_CUBLAS_COMPUTE_32F_FAST_TF32 : APUS_CUBLAS_COMPUTE_32F)
    var flags = product.hasBias ? APUS_CUBLASLT_EPILOGUE_BIAS : 0
    switch product.activation {
    case .none: break
    case .relu: flags |= APUS_CUBLASLT_EPILOGUE_RELU
    case .geluTanh: flags |= APUS_CUBLASLT_EPILOGUE_GELU
    }
    epilogue = Int32(flags == 0 ? APUS_CUBLASLT_EPILOGUE_DEFAULT : flags)
    (rows, columns, reduction) = (Int64(product.rows), Int64(product.columns), Int64(product.reduction))
    batches = Int32(clamping: product.batches)
    left_is_transposed = product.inputIsTransposed ? 1 : 0
    right_is_transposed = product.weightsAreTransposed ? 1 : 0
    left_stride = Int64(product.batchStrides[0])
    right_stride = Int64(product.batchStrides[1])
    output_stride = Int64(product.batchStrides[2])
    (alpha, beta) = (product.alpha, product.hasResidual ? product.beta : 0)
  }
}

extension apus_cublaslt_algorithm {
  /// Sixteen digits a word.
  fileprivate var text: String {
    withUnsafeBytes(of: words) { bytes in
      bytes.bindMemory(to: UInt64.self).map { word in
        let digits = String(word, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
      }.joined()
    }
  }

  /// nil where the text is none that `text` gave.
  fileprivate init?(text: String) {
    self.init()
    let digits = Array(text.utf8)
    let count = MemoryLayout.size(ofValue: words) / 8
    guard digits.count == 16 * count else { return nil }
    var values: [UInt64] = []
    for index in 0..<count {
      guard
        let value = UInt64(String(decoding: digits[index * 16..<(index + 1) * 16], as: UTF8.self), radix: 16)
      else { return nil }
      values.append(value)
    }
    withUnsafeMutableBytes(of: &words) { bytes in
      for (index, value) in values.enumerated() {
        bytes.storeBytes(of: value, toByteOffset: index * 8, as: UInt64.self)
      }
    }
  }
}
