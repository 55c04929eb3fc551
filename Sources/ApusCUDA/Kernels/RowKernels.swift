/// How a row is shared out among threads.
struct RowTiling {
  var vector: Int
  var threads: Int
  var rowsPerBlock: Int

  /// At most 64 values a thread, one warp where that is enough.
  init(columns: Int, elementBytes: Int) {
    vector = commonVector(columns, limit: 16 / elementBytes)
    var threads = 8
    while threads < 1024 && columns > threads * 8 && columns > threads * vector { threads *= 2 }
    self.threads = threads
    rowsPerBlock = max(1, 128 / threads)
  }

  /// Whether the row fits into registers.
  func fits(columns: Int) -> Bool { ceilDiv(columns, threads * vector) * vector <= 64 }

  func geometry(rows: Int) -> LaunchGeometry {
    LaunchGeometry(grid: .init(ceilDiv(rows, rowsPerBlock)), block: .init(threads * rowsPerBlock))
  }

  func defines(rows: Int, columns: Int) -> [KernelSource.Define] {
    [
      .init("ROWS", rows), .init("COLUMNS", columns), .init("VECTOR", vector), .init("THREADS", threads),
      .init("BLOCK_ROWS", rowsPerBlock),
    ]
  }
}

/// `softmax.cu` over the last axis. Operands: input, output.
public struct SoftmaxKernel: Sendable, Hashable, Codable {
  public var element: KernelElement
  public var rows: Int
  public var columns: Int
  public var isLogarithm: Bool

  public init(element: KernelElement, rows: Int, columns: Int, isLogarithm: Bool = false) {
    self.element = element
    self.rows = rows
    self.columns = columns
    self.isLogarithm = isLogarithm
  }

  public var refusal: String? {
    RowTiling(columns: columns, elementBytes: element.byteCount).fits(columns: columns)
      ? nil : "rows are too long"
  }

  public func spec() -> KernelSpec {
    let tiling = RowTiling(columns: columns, elementBytes: element.byteCount)
    let defines = [
      KernelSource.Define("IN_TYPE", element.name), .init("OUT_TYPE", element.name),
      .init("LOG", isLogarithm),
    ]
    return KernelSpec(
      source: KernelSource(
        file: "softmax.cu", defines: defines + tiling.defines(rows: rows, columns: columns)),
      geometry: tiling.geometry(rows: rows), parameters: [.operand("input"), .operand("output")])
  }
}

/// `layer_norm.cu`: LayerNorm or RMSNorm over the last axis. Operands: input, residual, scale, bias (floats), output, sum.
public struct LayerNormKernel: Sendable, Hashable, Codable {
  public var element: KernelElement
  public var rows: Int
  public var columns: Int
  public var isRMS: Bool
  public var epsilon: Float
  public var hasScale: Bool
  public var hasBias: Bool
  /// Whether a residual is added first, and whether that sum is stored.
  public var addsResidual: Bool
  public var storesSum: Bool
  public var activation: KernelActivation

  public init(
    element: KernelElement, rows: Int, columns: Int, isRMS: Bool = false, epsilon: Float,
    hasScale: Bool = true,
    hasBias: Bool = true, addsResidual: Bool = false, storesSum: Bool = false,
    activation: KernelActivation = .none
  ) {
    self.element = element
    self.rows = rows
    self.columns = columns
    self.isRMS = isRMS
    self.epsilon = epsilon
    self.hasScale = hasScale
    self.hasBias = hasBias
    self.addsResidual = addsResidual
    self.storesSum = storesSum
    self.activation = activation
  }

  public var refusal: String? {
    RowTiling(columns: columns, elementBytes: element.byteCount).fits(columns: columns)
      ? nil : "rows are too long"
  }

  public func spec() -> KernelSpec {
    let tiling = RowTiling(columns: columns, elementBytes: element.byteCount)
    let defines: [KernelSource.Define] = [
      .init("IN_TYPE", element.name), .init("OUT_TYPE", element.name), .init("RMS", isRMS),
      .init("EPSILON", epsilon),
      .init("SCALE", hasScale), .init("BIAS", hasBias), .init("RESIDUAL", addsResidual),
      .init("STORE_SUM", storesSum),
      .init("FAST_MATH", element != .f32),
    ]
    return KernelSpec(
      source: KernelSource(
        file: "layer_norm.cu",
        defines: defines + activation.defines() + tiling.defines(rows: rows, columns: columns)),
      geometry: tiling.geometry(rows: rows),
      parameters: ["input", "residual", "scale", "bias", "output", "sum"].map { .operand($0) })
  }
}

/// `group_norm.cu`: GroupNorm and InstanceNorm in NHWC. Operands: input, scale, bias (floats), output.
public struct GroupNormKernel: Sendable, Hashable, Codable {
  public var element: KernelElement
  public var images: Int
  public var pixels: Int
  public var channels: Int
  public var groups: Int
  public var epsilon: Float
  public var hasScale: Bool
  public var hasBias: Bool
  public var activation: KernelActivation

  public init(
    element: KernelElement, images: Int, pixels: Int, channels: Int, groups: Int, epsilon: Float,
    hasScale: Bool = true,
    hasBias: Bool = true, activation: KernelActivation = .none
  ) {
    self.element = element
    self.images = images
    self.pixels = pixels
    self.channels = channels
    self.groups = groups
    self.epsilon = epsilon
    self.hasScale = hasScale
    self.hasBias = hasBias
    self.activation = activation
  }

  public func spec() -> KernelSpec {
    let vector = commonVector(channels / groups, channels, limit: element == .f32 ? 4 : 8)
    let defines: [KernelSource.Define] = [
      .init("IN_TYPE", element.name), .init("OUT_TYPE", element.name), .init("PIXELS", pixels),
      .init("CHANNELS", channels),
      .init("GROUPS", groups), .init("EPSILON", epsilon), .init("SCALE", hasScale), .init("BIAS", hasBias),
      .init("VECTOR", vector), .init("THREADS", 256), .init("FAST_MATH", element != .f32),
    ]
    return KernelSpec(
      source: KernelSource(file: "group_norm.cu", defines: defines + activation.defines()),
      geometry: LaunchGeometry(grid: .init(groups, images), block: .init(256)),
      parameters: ["input", "scale", "bias", "output"].map { .operand($0) })
  }
}
