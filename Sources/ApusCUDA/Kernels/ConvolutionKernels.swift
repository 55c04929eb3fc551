/// `conv_mma.cu`: tensor cores through mma.sync, any GPU from sm_80 on.
public struct MMAConvolution: Sendable, Hashable, Codable {
  public var tileM: Int
  public var tileN: Int
  /// Bytes of the reduction a stage: 64 or 128.
  public var tileBytes: Int
  public var warpsM: Int
  public var warpsN: Int
  /// Warps that share each stage's reduction: more of them shorten the chain of dependent products.
  public var warpsK: Int
  public var stages: Int
  public var split: ReductionSplit

  public init(
    _ tileM: Int, _ tileN: Int, tileBytes: Int = 128, warps: (Int, Int), warpsK: Int = 1, stages: Int,
    split: ReductionSplit = .none
  ) {
    self.tileM = tileM
    self.tileN = tileN
    self.tileBytes = tileBytes
    (warpsM, warpsN) = warps
    self.warpsK = warpsK
    self.stages = stages
    self.split = split
  }

  /// Why the kernel cannot compute `problem`, nil when it can.
  public func refusal(_ problem: ConvolutionProblem) -> String? {
    let chunk = 16 / problem.math.elementBytes
    if problem.math == .f32 { return "FP32 arithmetic is not for tensor cores" }
    if problem.input[2] % chunk != 0 || problem.inputStride % chunk != 0 {
      return "channels are no multiple of \(chunk)"
    }
    if problem.batchStrides[0] % chunk != 0 || problem.batchStrides[1] % chunk != 0 {
      return "batches are not aligned"
    }
    if problem.weightsAreRowMajor, problem.math.elementBytes != 2 || problem.result[2] % chunk != 0 {
      return "row-major weights must be halves, columns a multiple of 8"
    }
    if problem.gated && !problem.isPointwise { return "gates are for 1x1 convolutions" }
    if split.count > max(1, problem.reduction * problem.math.elementBytes / tileBytes) {
      return "too many splits"
    }
    return nil
  }

  public func spec(_ problem: ConvolutionProblem) -> KernelSpec {
    let bytes = problem.math.elementBytes
    let images = min(tileM / (problem.result[0] * problem.result[1]) + 2, problem.images)
    let gate = problem.gated ? images * problem.input[2] * bytes : 0
    let ring = stages * (tileM + tileN) * tileBytes + gate
    return convolutionSpec(
      "conv_mma.cu", problem, tileM, tileN, split, threads: 32 * warpsM * warpsN * warpsK,
      sharedBytes: max(ring, warpsK * tileM * (tileN + 8) * 4),
      defines: [
        .init("WARPS_K", warpsK), .init("TILE_M", tileM), .init("TILE_N", tileN), .init("TILE_KB", tileBytes),
        .init("WARPS_M", warpsM),
        .init("WARPS_N", warpsN), .init("STAGES", stages), .init("GATE", problem.gated),
        .init("B_MAJOR", problem.weightsAreRowMajor),
      ], parameters: plainParameters)
  }
}

/// `conv_simt.cu`: exact FP32 arithmetic, any element type, any number of channels.
public struct SIMTConvolution: Sendable, Hashable, Codable {
  public var tileM: Int
  public var tileN: Int
  public var tileK: Int
  public var threadM: Int
  public var threadN: Int
  public var split: ReductionSplit

  public init(_ tileM: Int, _ tileN: Int, _ tileK: Int, thread: (Int, Int), split: ReductionSplit = .none) {
    self.tileM = tileM
    self.tileN = tileN
    self.tileK = tileK
    (threadM, threadN) = thread
    self.split = split
  }

  public func refusal(_ problem: ConvolutionProblem) -> String? {
    if problem.gated && !problem.isPointwise { return "gates are for 1x1 convolutions" }
    if split.count > max(1, problem.reduction / tileK) { return "too many splits" }
    return nil
  }

  public func spec(_ problem: ConvolutionProblem) -> KernelSpec {
    convolutionSpec(
      "conv_simt.cu", problem, tileM, tileN, split, threads: (tileM / threadM) * (tileN / threadN),
      sharedBytes: max(2 * tileK * (tileM + tileN + 8) * 4, tileM * (tileN + 8) * 4),
      defines: [
        .init("TILE_M", tileM), .init("TILE_N", tileN), .init("TILE_K", tileK), .init("THREAD_M", threadM),
        .init("THREAD_N", threadN), .init("GATE", problem.gated),
        .init("B_MAJOR", problem.weightsAreRowMajor),
      ], parameters: plainParameters)
  }
}

/// `conv_wgmma.cu`: warpgroup products and the bulk copy engine, for large problems on Hopper.
public struct WarpgroupConvolution: Sendable, Hashable, Codable {
  /// How the input comes to shared memory.
  public enum Loader: Int, Sendable, Hashable, Codable {
    case tiled = 0, windows, gather
  }

  public var tileN: Int
  public var stages: Int
  public var loader: Loader
  public var blocksPerMultiprocessor: Int
  public var split: ReductionSplit

  public init(
    _ tileN: Int, stages: Int, loader: Loader, blocksPerMultiprocessor: Int = 1, split: ReductionSplit = .none
  ) {
    self.tileN = tileN
    self.stages = stages
    self.loader = loader
    self.blocksPerMultiprocessor = blocksPerMultiprocessor
    self.split = split
  }

  public static let tileM = 128

  public func refusal(_ problem: ConvolutionProblem) -> String? {
    let bytes = problem.math.elementBytes
    if problem.math == .f32 { return "FP32 arithmetic is not for tensor cores" }
    if problem.math == .f32x3, tileN > 128 || blocksPerMultiprocessor > 1 { return "too many registers" }
    if problem.batches > 1 || problem.gated || problem.weightsAreRowMajor {
      return "batches, gates, row-major weights"
    }
    if problem.input[2] * bytes % 16 != 0 || problem.inputStride * bytes % 16 != 0 {
      return "channels are not aligned"
    }
    switch loader {
    case .tiled: if !problem.isPointwise { return "not a matrix product" }
    case .windows:
      if problem.input[2] * bytes % 128 != 0 || !problem.levels.isEmpty {
        return "channels do not fill stages"
      }
      if problem.inputStride != problem.input[2] { return "the input is a slice" }
    case .gather: break
    }
    if blocksPerMultiprocessor == 2 && tileN > (loader == .gather ? 64 : 128) { return "too many registers" }
    if split.count > max(1, problem.reduction * bytes / 128) { return "too many splits" }
    return nil
  }

  /// Bytes of a stage of the ring.
  static func stageBytes(_ problem: ConvolutionProblem, _ tileN: Int) -> Int {
    (tileM + tileN * problem.weightParts) * 128
  }

  public func spec(_ problem: ConvolutionProblem) -> KernelSpec {
    let bytes = problem.math.elementBytes
    let element: TensorMapSpec.Element = problem.math == .f16 ? .f16 : problem.math == .bf16 ? .bf16 : .f32
    let weights = TensorMapSpec.matrix(
      element, rows: problem.result[2] * problem.weightParts, columns: problem.reduction,
      stride: problem.reduction, boxRows: tileN,
      boxColumns: 128 / bytes)
    let input: TensorMapSpec =
      loader == .windows
      ? .windows(
        element,
        .init(
          images: problem.images, height: problem.input[0], width: problem.input[1],
          channels: problem.input[2],
          kernel: problem.kernel, strides: problem.strides, dilations: problem.dilations, pads: problem.pads,
          channelsPerCopy: 128 / bytes, pixelsPerCopy: Self.tileM))
      : .matrix(
        element, rows: problem.rows, columns: problem.input[2], stride: problem.inputStride,
        boxRows: Self.tileM,
        boxColumns: 128 / bytes)
    // A gathering kernel has no map of its input; the weights' fills the unused parameter.
    let first: KernelSpec.Parameter =
      loader == .gather ? .map(weights, of: "weights") : .map(input, of: "input")
    return convolutionSpec(
      "conv_wgmma.cu", problem, Self.tileM, tileN, split, threads: loader == .gather ? 384 : 288,
      sharedBytes: 1024 + max(stages * Self.stageBytes(problem, tileN), Self.tileM * (tileN + 8) * 4),
      defines: [
        .init("TILE_N", tileN), .init("STAGES", stages), .init("LOADER", loader.rawValue),
        .init("BLOCKS_PER_SM", blocksPerMultiprocessor),
      ],
      parameters: [
        first, .map(weights, of: "weights"), .operand("input"), .operand("bias"), .operand("residual"),
        .operand("output"), .workspace, .zeroed,
      ])
  }
}

private let plainParameters: [KernelSpec.Parameter] = [
  .operand("input"), .operand("weights"), .operand("bias"), .operand("residual"), .operand("gate"),
  .operand("output"), .workspace, .zeroed,
]

private func convolutionSpec(
  _ file: String, _ problem: ConvolutionProblem, _ tileM: Int, _ tileN: Int, _ split: ReductionSplit,
  threads: Int,
  sharedBytes: Int, defines: [KernelSource.Define], parameters: [KernelSpec.Parameter]
) -> KernelSpec {
  let across = ceilDiv(problem.result[2], tileN)
  let down = ceilDiv(problem.rows, tileM)
  let tiles = across * down * problem.batches
  var cluster: LaunchGeometry.Extents?
  if case .cluster(let count) = split { cluster = .init(1, 1, count) }
  let usesWorkspace = split.mode == 2
  return KernelSpec(
    source: KernelSource(file: file, defines: problem.defines() + split.defines() + defines),
    geometry: LaunchGeometry(
      grid: .init(across, down, problem.batches * split.count), block: .init(threads), cluster: cluster,
      sharedBytes: sharedBytes),
    parameters: parameters,
    workspaceBytes: usesWorkspace ? tiles * split.count * tileM * tileN * 4 : 0,
    zeroedBytes: usesWorkspace ? tiles * 4 : 0)
}
