/// A convolution as implicit GEMM, or a matrix product (a 1x1 convolution of an image M high and 1 wide), in NHWC, with
/// what is fused behind it. Weights are [outputChannels][kernel height][kernel width][inputChannels].
public struct ConvolutionProblem: Sendable, Hashable, Codable {
  /// How operands are multiplied.
  public enum Math: String, Sendable, Hashable, Codable {
    case f16, bf16
    /// FP32 operands, ten bits of mantissa.
    case tf32
    /// FP32 operands as three TF32 products: about 21 bits.
    case f32x3
    /// FP32 arithmetic.
    case f32

    /// Type name in the sources.
    var name: String { rawValue.uppercased() }
    public var elementBytes: Int { self == .f16 || self == .bf16 ? 2 : 4 }
    public var isExact: Bool { self == .f32 || self == .f32x3 }
  }

  /// Where a residual is added.
  public enum Residual: Int, Sendable, Hashable, Codable {
    case none = 0, beforeActivation, afterActivation
  }

  public var math: Math
  public var output: KernelElement
  public var images: Int
  /// Height, width, channels of the input; channels of one group.
  public var input: [Int]
  /// Height, width, channels of the output; channels of one group.
  public var result: [Int]
  /// Elements from one pixel to the next.
  public var inputStride: Int
  public var outputStride: Int
  public var kernel: [Int]
  public var strides: [Int]
  public var dilations: [Int]
  /// Top, left, bottom, right.
  public var pads: [Int]
  public var hasBias: Bool
  public var activation: KernelActivation
  public var residual: Residual
  /// Elements from one residual pixel to the next.
  public var residualStride: Int
  /// The residual has 1/n of the output's height and width.
  public var residualUpsample: Int
  /// Whether `gate` [images][channels] multiplies the input (1x1 convolutions).
  public var gated: Bool
  /// Type of the gate; nil: that of the operands.
  public var gateElement: KernelElement?
  /// Independent products (groups, batches) and the elements between them in input, weights and output.
  public var batches: Int
  public var batchStrides: [Int]
  /// Whether the second operand is a constant, and may be read before the predecessor has ended.
  public var weightsAreConstant: Bool
  /// Whether the second operand is [reduction][outputChannels] instead.
  public var weightsAreRowMajor: Bool
  /// Height and width of the pictures that each image is a concatenation of; empty where it is one.
  public var levels: [[Int]]

  public init(
    math: Math, output: KernelElement, images: Int, input: [Int], result: [Int], kernel: [Int] = [1, 1],
    strides: [Int] = [1, 1], dilations: [Int] = [1, 1], pads: [Int] = [0, 0, 0, 0], hasBias: Bool = true,
    activation: KernelActivation = .none, residual: Residual = .none
  ) {
    self.math = math
    self.output = output
    self.images = images
    self.input = input
    self.result = result
    inputStride = input[2]
    outputStride = result[2]
    self.kernel = kernel
    self.strides = strides
    self.dilations = dilations
    self.pads = pads
    self.hasBias = hasBias
    self.activation = activation
    self.residual = residual
    residualStride = result[2]
    residualUpsample = 1
    gated = false
    batches = 1
    batchStrides = [0, 0, 0]
    weightsAreConstant = true
    weightsAreRowMajor = false
    levels = []
  }

  /// [rows, reduction] times [reduction, columns], the second operand given as [columns][reduction].
  public static func product(
    math: Math, output: KernelElement, rows: Int, columns: Int, reduction: Int
  ) -> ConvolutionProblem {
    ConvolutionProblem(
      math: math, output: output, images: 1, input: [rows, 1, reduction], result: [rows, 1, columns])
  }

  /// Tensors that warpgroup products make of the weights (see `tf32Parts`).
  var weightParts: Int { math == .f32x3 ? 2 : 1 }

  public var reduction: Int { kernel[0] * kernel[1] * input[2] }

  /// Rows of the GEMM: output pixels.
  public var rows: Int {
    guard !levels.isEmpty else { return images * result[0] * result[1] }
    return images * levels.reduce(0) { $0 + outputExtent($1[0], 0) * outputExtent($1[1], 1) }
  }

  private func outputExtent(_ size: Int, _ axis: Int) -> Int {
    (size + 2 * pads[axis] - dilations[axis] * (kernel[axis] - 1) - 1) / strides[axis] + 1
  }

  /// Whether rows of the input are rows of the GEMM.
  public var isPointwise: Bool {
    levels.isEmpty && kernel == [1, 1] && strides == [1, 1] && pads == [0, 0, 0, 0]
      && input[0] == result[0] && input[1] == result[1]
  }

  /// Floating-point operations.
  public var operations: Double { 2 * Double(rows) * Double(result[2]) * Double(reduction) * Double(batches) }

  /// Bytes of input, weights, residual and output, each once.
  public var bytes: Double {
    let rows = Double(rows * batches)
    let inputs =
      levels.isEmpty ? Double(images * input[0] * input[1] * input[2] * batches) : rows * Double(input[2])
    let outputs = rows * Double(result[2]) * Double(output.byteCount) * (residual == .none ? 1 : 2)
    return (inputs + Double(result[2] * reduction)) * Double(math.elementBytes) + outputs
  }

  /// Constants of the problem.
  func defines() -> [KernelSource.Define] {
    var defines: [KernelSource.Define] = [
      .init("IN_TYPE", math.name), .init("OUT_TYPE", output.name), .init("RES_TYPE", output.name),
      .init("IMAGES", images), .init("IN_H", input[0]), .init("IN_W", input[1]), .init("IN_C", input[2]),
      .init("IN_STRIDE", inputStride), .init("OUT_H", result[0]), .init("OUT_W", result[1]),
      .init("OUT_C", result[2]), .init("OUT_STRIDE", outputStride), .init("RES_STRIDE", residualStride),
      .init("RES_UPSAMPLE", residualUpsample), .init("KERNEL_H", kernel[0]), .init("KERNEL_W", kernel[1]),
      .init("STRIDE_H", strides[0]), .init("STRIDE_W", strides[1]), .init("DILATE_H", dilations[0]),
      .init("DILATE_W", dilations[1]), .init("PAD_T", pads[0]), .init("PAD_L", pads[1]),
      .init("BIAS", hasBias),
      .init("RESIDUAL", residual.rawValue), .init("BATCHES", batches), .init("A_BATCH", batchStrides[0]),
      .init("B_BATCH", batchStrides[1]), .init("C_BATCH", batchStrides[2]),
      .init("CONSTANT_B", weightsAreConstant),
      .init("FAST_MATH", math.elementBytes == 2),
    ]
    defines += activation.defines()
    if gated, let gateElement { defines.append(.init("GATE_TYPE", gateElement.name)) }
    if !levels.isEmpty {
      defines.append(.init("LEVELS", levels.count))
      defines.append(.init("LEVEL_H", levels.map { String($0[0]) }.joined(separator: ",")))
      defines.append(.init("LEVEL_W", levels.map { String($0[1]) }.joined(separator: ",")))
    }
    return defines
  }
}

/// How the sums of a split reduction come together.
public enum ReductionSplit: Sendable, Hashable, Codable {
  case none
  /// 2 to 8 blocks of a cluster reduce through their shared memory (compute capability 9.0 and later).
  case cluster(Int)
  /// Blocks reduce through memory; the last to arrive finishes.
  case workspace(Int)

  public var count: Int {
    switch self {
    case .none: 1
    case .cluster(let count), .workspace(let count): count
    }
  }

  var mode: Int {
    switch self {
    case .none: 0
    case .cluster: 1
    case .workspace: 2
    }
  }

  func defines() -> [KernelSource.Define] { [.init("SPLITS", count), .init("SPLIT_MODE", mode)] }
}
