/// `depthwise.cu`: depthwise convolution in NHWC, optionally with the sums that squeeze-and-excite needs.
/// Operands: input, weights [kernel height][kernel width][channels], bias, output, sums.
public struct DepthwiseKernel: Sendable, Hashable, Codable {
  public var element: KernelElement
  public var images: Int
  /// Height and width.
  public var input: [Int]
  public var result: [Int]
  public var channels: Int
  public var inputStride: Int
  public var outputStride: Int
  public var kernel: [Int]
  public var strides: [Int]
  public var dilations: [Int]
  /// Top, left.
  public var pads: [Int]
  public var hasBias: Bool
  public var activation: KernelActivation
  public var writesSums: Bool
  /// Channels and outputs of one thread, threads across channels, threads of a block.
  public var vector: Int
  public var strip: Int
  public var lanes: Int
  public var threads: Int

  public init(
    element: KernelElement, images: Int, input: [Int], result: [Int], channels: Int, kernel: [Int],
    strides: [Int] = [1, 1],
    dilations: [Int] = [1, 1], pads: [Int] = [0, 0], hasBias: Bool = true,
    activation: KernelActivation = .none,
    writesSums: Bool = false
  ) {
    self.element = element
    self.images = images
    self.input = input
    self.result = result
    self.channels = channels
    inputStride = channels
    outputStride = channels
    self.kernel = kernel
    self.strides = strides
    self.dilations = dilations
    self.pads = pads
    self.hasBias = hasBias
    self.activation = activation
    self.writesSums = writesSums
    vector = commonVector(channels, limit: element == .f32 ? 4 : 8)
    strip = strides[1] == 1 ? 2 : 1
    lanes = 8
    threads = 128
    // Small images need narrow pieces to fill the GPU.
    if images * result[0] * result[1] * channels < 1 << 19 { vector = min(vector, 2) }
    if vector == 2 && channels % 2 == 0 { strip = 1 }
  }

  /// Blocks that share an image's channels: partial sums of each channel.
  public var parts: Int { ceilDiv(result[0] * ceilDiv(result[1], strip), threads / lanes) }

  public func spec() -> KernelSpec {
    let defines: [KernelSource.Define] =
      [
        .init("IN_TYPE", element.name), .init("OUT_TYPE", element.name), .init("IMAGES", images),
        .init("IN_H", input[0]),
        .init("IN_W", input[1]), .init("CHANNELS", channels), .init("IN_STRIDE", inputStride),
        .init("OUT_H", result[0]),
        .init("OUT_W", result[1]), .init("OUT_STRIDE", outputStride), .init("KERNEL_H", kernel[0]),
        .init("KERNEL_W", kernel[1]), .init("STRIDE_H", strides[0]), .init("STRIDE_W", strides[1]),
        .init("DILATE_H", dilations[0]), .init("DILATE_W", dilations[1]), .init("PAD_T", pads[0]),
        .init("PAD_L", pads[1]),
        .init("BIAS", hasBias), .init("SUMS", writesSums), .init("VECTOR", vector), .init("LANES", lanes),
        .init("STRIP", strip), .init("THREADS", threads), .init("FAST_MATH", element != .f32),
      ] + activation.defines()
    return KernelSpec(
      source: KernelSource(file: "depthwise.cu", defines: defines),
      geometry: LaunchGeometry(
        grid: .init(ceilDiv(channels, lanes * vector), parts, images), block: .init(threads)),
      parameters: ["input", "weights", "bias", "output", "sums"].map { .operand($0) })
  }
}

/// `squeeze_excite.cu`. Operands: sums [images][parts][channels] (floats), reduce [hidden][channels], reduceBias, expand
/// [hidden][channels], expandBias, gate [images][channels].
public struct SqueezeExciteKernel: Sendable, Hashable, Codable {
  public var element: KernelElement
  public var images: Int
  public var channels: Int
  public var hidden: Int
  public var parts: Int
  public var pixels: Int
  public var activation: KernelActivation
  public var gateActivation: KernelActivation
  /// Blocks of a cluster that share an image: 1 without clusters. Their slices of the weights must fit into shared
  /// memory; four to eight pay from about 500 channels on.
  public var blocks: Int
  /// Type of the gate.
  public var gate: KernelElement

  public init(
    element: KernelElement, images: Int, channels: Int, hidden: Int, parts: Int, pixels: Int,
    activation: KernelActivation,
    gateActivation: KernelActivation, blocks: Int = 1
  ) {
    self.element = element
    self.images = images
    self.channels = channels
    self.hidden = hidden
    self.parts = parts
    self.pixels = pixels
    self.activation = activation
    self.gateActivation = gateActivation
    self.blocks = blocks
    gate = element
  }

  /// Shared memory that a block's slice of both weights takes.
  public var sharedBytes: Int {
    let slice = (ceilDiv(channels, blocks) + 7) / 8 * 8
    return (ceilDiv(hidden, blocks) * channels + hidden * slice) * element.byteCount + 16
  }

  /// More where many partial sums wait for few channels.
  private var threads: Int { parts * ceilDiv(channels, blocks) > 4096 ? 1024 : 256 }

  public func spec() -> KernelSpec {
    let defines: [KernelSource.Define] =
      [
        .init("CHANNELS", channels), .init("HIDDEN", hidden), .init("PARTS", parts), .init("PIXELS", pixels),
        .init("OUT_TYPE", gate.name), .init("WEIGHT_TYPE", element.name), .init("BLOCKS", blocks),
        .init("THREADS", threads),
      ] + activation.defines() + gateActivation.defines("GATE_")
    return KernelSpec(
      source: KernelSource(file: "squeeze_excite.cu", defines: defines),
      geometry: LaunchGeometry(
        grid: .init(blocks, 1, images), block: .init(threads), cluster: blocks > 1 ? .init(blocks) : nil,
        sharedBytes: sharedBytes),
      parameters: ["sums", "reduce", "reduceBias", "expand", "expandBias", "gate"].map { .operand($0) })
  }
}

/// `pool.cu` in NHWC. Operands: input, output.
public struct PoolKernel: Sendable, Hashable, Codable {
  public enum Mode: Int, Sendable, Hashable, Codable {
    case max = 0, average, averageWithPadding
  }

  public var element: KernelElement
  public var mode: Mode
  public var images: Int
  public var input: [Int]
  public var result: [Int]
  public var channels: Int
  public var kernel: [Int]
  public var strides: [Int]
  public var dilations: [Int]
  /// Top, left, bottom, right.
  public var pads: [Int]

  public init(
    element: KernelElement, mode: Mode, images: Int, input: [Int], result: [Int], channels: Int,
    kernel: [Int],
    strides: [Int], dilations: [Int] = [1, 1], pads: [Int] = [0, 0, 0, 0]
  ) {
    self.element = element
    self.mode = mode
    self.images = images
    self.input = input
    self.result = result
    self.channels = channels
    self.kernel = kernel
    self.strides = strides
    self.dilations = dilations
    self.pads = pads
  }

  public func spec() -> KernelSpec {
    let vector = commonVector(channels, limit: element == .f32 ? 4 : 8)
    let defines: [KernelSource.Define] = [
      .init("IN_TYPE", element.name), .init("OUT_TYPE", element.name), .init("IMAGES", images),
      .init("IN_H", input[0]),
      .init("IN_W", input[1]), .init("CHANNELS", channels), .init("IN_STRIDE", channels),
      .init("OUT_H", result[0]),
      .init("OUT_W", result[1]), .init("OUT_STRIDE", channels), .init("KERNEL_H", kernel[0]),
      .init("KERNEL_W", kernel[1]),
      .init("STRIDE_H", strides[0]), .init("STRIDE_W", strides[1]), .init("DILATE_H", dilations[0]),
      .init("DILATE_W", dilations[1]), .init("PAD_T", pads[0]), .init("PAD_L", pads[1]),
      .init("PAD_B", pads[2]),
      .init("PAD_R", pads[3]), .init("MODE", mode.rawValue), .init("VECTOR", vector), .init("THREADS", 128),
    ]
    let count = images * result[0] * result[1] * channels / vector
    return KernelSpec(
      source: KernelSource(file: "pool.cu", defines: defines),
      geometry: LaunchGeometry(grid: .init(ceilDiv(count, 128)), block: .init(128)),
      parameters: [.operand("input"), .operand("output")])
  }
}

/// `global_pool.cu`: NHWC to [images][channels]. Operands: input, output.
public struct GlobalPoolKernel: Sendable, Hashable, Codable {
  public var element: KernelElement
  public var isMax: Bool
  public var images: Int
  public var pixels: Int
  public var channels: Int
  /// Type of the results.
  public var output: KernelElement

  public init(element: KernelElement, isMax: Bool, images: Int, pixels: Int, channels: Int) {
    self.element = element
    output = element
    self.isMax = isMax
    self.images = images
    self.pixels = pixels
    self.channels = channels
  }

  public func spec() -> KernelSpec {
    let vector = commonVector(channels, limit: element == .f32 ? 4 : 8)
    let lanes = 8
    let defines: [KernelSource.Define] = [
      .init("IN_TYPE", element.name), .init("OUT_TYPE", output.name), .init("PIXELS", pixels),
      .init("CHANNELS", channels),
      .init("IN_STRIDE", channels), .init("MODE", isMax ? 0 : 1), .init("VECTOR", vector),
      .init("LANES", lanes),
      .init("THREADS", 256),
    ]
    return KernelSpec(
      source: KernelSource(file: "global_pool.cu", defines: defines),
      geometry: LaunchGeometry(grid: .init(ceilDiv(channels, lanes * vector), images), block: .init(256)),
      parameters: [.operand("input"), .operand("output")])
  }
}

/// `stem.cu`: the first convolution, from the caller's picture. Operands: input, weights (see `packedReduction`), bias,
/// output.
public struct StemKernel: Sendable, Hashable, Codable {
  public var picture: KernelElement
  /// f16 or bf16.
  public var element: KernelElement
  public var images: Int
  /// Height, width, channels (1 to 4).
  public var input: [Int]
  public var isPlanar: Bool
  /// Height, width, channels.
  public var result: [Int]
  public var kernel: [Int]
  public var stride: Int
  /// Top, left.
  public var pads: [Int]
  public var hasBias: Bool
  public var activation: KernelActivation
  public var tileHeight: Int
  public var tileN: Int

  public init(
    picture: KernelElement, element: KernelElement, images: Int, input: [Int], isPlanar: Bool, result: [Int],
    kernel: [Int],
    stride: Int, pads: [Int], hasBias: Bool = true, activation: KernelActivation = .none
  ) {
    self.picture = picture
    self.element = element
    self.images = images
    self.input = input
    self.isPlanar = isPlanar
    self.result = result
    self.kernel = kernel
    self.stride = stride
    self.pads = pads
    self.hasBias = hasBias
    self.activation = activation
    tileHeight = 8
    tileN = result[2] <= 16 ? 16 : result[2] <= 32 ? 32 : 64
  }

  /// Pixels that a kernel row takes in the packed weights, and their whole reduction: weights are
  /// [output channels][reduction], element (row, column, channel) at (row * width + column) * 4 + channel.
  public var packedWidth: Int { (kernel[1] + 1) / 2 * 2 }
  public var packedReduction: Int { (kernel[0] * packedWidth * 4 + 15) / 16 * 16 }

  public func spec() -> KernelSpec {
    let tileWidth = 128 / tileHeight
    let patch = ((tileHeight - 1) * stride + kernel[0]) * ((tileWidth - 1) * stride + packedWidth)
    let shared = max(tileN * (packedReduction + 8) * 2 + patch * 8 + 16, 128 * (tileN + 8) * 4)
    let defines: [KernelSource.Define] =
      [
        .init("IN_TYPE", picture.name), .init("MATH_TYPE", element.name), .init("OUT_TYPE", element.name),
        .init("IMAGES", images), .init("IN_H", input[0]), .init("IN_W", input[1]), .init("IN_C", input[2]),
        .init("PLANAR", isPlanar), .init("OUT_H", result[0]), .init("OUT_W", result[1]),
        .init("OUT_C", result[2]),
        .init("OUT_STRIDE", result[2]), .init("KERNEL_H", kernel[0]), .init("KERNEL_W", kernel[1]),
        .init("STRIDE", stride),
        .init("PAD_T", pads[0]), .init("PAD_L", pads[1]), .init("BIAS", hasBias), .init("TILE_H", tileHeight),
        .init("TILE_W", tileWidth), .init("TILE_N", tileN),
      ] + activation.defines()
    return KernelSpec(
      source: KernelSource(file: "stem.cu", defines: defines),
      geometry: LaunchGeometry(
        grid: .init(
          ceilDiv(result[1], tileWidth) * ceilDiv(result[0], tileHeight), ceilDiv(result[2], tileN), images),
        block: .init(128), sharedBytes: shared),
      parameters: ["input", "weights", "bias", "output"].map { .operand($0) })
  }
}

/// `resize.cu` in NHWC. Operands: input, other (added, when `adds`), output.
public struct ResizeKernel: Sendable, Hashable, Codable {
  public enum Coordinate: Int, Sendable, Hashable, Codable {
    case halfPixel = 0, asymmetric, alignCorners, pytorchHalfPixel
  }
  public enum Nearest: Int, Sendable, Hashable, Codable {
    case roundPreferFloor = 0, roundPreferCeil, floor, ceil
  }

  public var element: KernelElement
  public var images: Int
  public var input: [Int]
  public var result: [Int]
  public var channels: Int
  public var isLinear: Bool
  public var coordinate: Coordinate
  public var nearest: Nearest
  /// Input pixels an output pixel, vertical and horizontal.
  public var steps: [Float]
  public var adds: Bool

  public init(
    element: KernelElement, images: Int, input: [Int], result: [Int], channels: Int, isLinear: Bool,
    coordinate: Coordinate,
    nearest: Nearest, steps: [Float], adds: Bool = false
  ) {
    self.element = element
    self.images = images
    self.input = input
    self.result = result
    self.channels = channels
    self.isLinear = isLinear
    self.coordinate = coordinate
    self.nearest = nearest
    self.steps = steps
    self.adds = adds
  }

  public func spec() -> KernelSpec {
    let vector = commonVector(channels, limit: element == .f32 ? 4 : 8)
    let defines: [KernelSource.Define] = [
      .init("IN_TYPE", element.name), .init("OUT_TYPE", element.name), .init("IMAGES", images),
      .init("IN_H", input[0]),
      .init("IN_W", input[1]), .init("CHANNELS", channels), .init("OUT_H", result[0]),
      .init("OUT_W", result[1]),
      .init("MODE", isLinear), .init("ADD", adds), .init("COORDINATE", coordinate.rawValue),
      .init("NEAREST", nearest.rawValue), .init("STEP_H", steps[0]), .init("STEP_W", steps[1]),
      .init("VECTOR", vector),
      .init("THREADS", 128),
    ]
    let count = images * result[0] * result[1] * channels / vector
    return KernelSpec(
      source: KernelSource(file: "resize.cu", defines: defines),
      geometry: LaunchGeometry(grid: .init(ceilDiv(count, 128)), block: .init(128)),
      parameters: ["input", "other", "output"].map { .operand($0) })
  }
}
