import ApusCUDA
import Testing

/// One specialised instance of every kernel for an element type, on problems with odd sizes.
struct KernelInstance: Sendable, CustomTestStringConvertible {
  var label: String
  var spec: KernelSpec

  var testDescription: String { label }

  static func all(_ element: KernelElement, clusters: Bool, warpgroups: Bool) -> [KernelInstance] {
    var instances = images(element, clusters) + rows(element) + moves(element) + detection(element)
    instances += general(element)
    for math in maths(element) { instances += convolutions(math, element, clusters, warpgroups) }
    for headSize in [48, 50] {
      var attention = AttentionKernel(
        element: element, batch: 2, heads: 4, groupSize: 2, queries: 77, keys: 100, headSize: headSize,
        scale: 0.14, isCausal: true)
      attention.mask = .added
      instances.append(KernelInstance(label: "attention of \(headSize)", spec: attention.spec()))
    }
    for headSize in [48, 50] {
      var attention = AttentionKernel(
        element: element, batch: 2, heads: 4, queries: 77, keys: 77, headSize: headSize, scale: 0.14)
      let width = 4 * headSize
      attention.query = .init(row: 3 * width, head: headSize, batch: 77 * 3 * width)
      (attention.key, attention.value) = (attention.query, attention.query)
      (attention.keyStart, attention.valueStart) = (width, 2 * width)
      instances.append(KernelInstance(label: "packed attention of \(headSize)", spec: attention.spec()))
    }
    return instances.map { KernelInstance(label: "\($0.label) \(element)", spec: $0.spec) }
  }

  private static func maths(_ element: KernelElement) -> [ConvolutionProblem.Math] {
    switch element {
    case .f16: [.f16]
    case .bf16: [.bf16]
    default: [.f32, .f32x3, .tf32]
    }
  }

  private static func convolutions(
    _ math: ConvolutionProblem.Math, _ element: KernelElement, _ clusters: Bool, _ warpgroups: Bool
  ) -> [KernelInstance] {
    var problem = ConvolutionProblem(
      math: math, output: element, images: 2, input: [13, 11, 64], result: [7, 6, 40], kernel: [3, 3],
      strides: [2, 2],
      pads: [1, 1, 1, 1], activation: .silu, residual: .beforeActivation)
    let split: ReductionSplit = clusters ? .cluster(2) : .workspace(2)
    var result: [KernelInstance] = []
    func add(_ label: String, _ spec: KernelSpec) {
      result.append(KernelInstance(label: "\(label) \(math)", spec: spec))
    }
    if math != .f32 {
      add("conv_mma", MMAConvolution(64, 32, warps: (2, 2), stages: 3, split: split).spec(problem))
    }
    add("conv_simt", SIMTConvolution(64, 64, 16, thread: (4, 4), split: .workspace(3)).spec(problem))
    if warpgroups && math != .f32 {
      add(
        "conv_wgmma windows",
        WarpgroupConvolution(
          64, stages: 4, loader: .windows, blocksPerMultiprocessor: math.isExact ? 1 : 2
        ).spec(problem))
      problem.levels = [[13, 11], [7, 6]]
      problem.images = 1
      add("conv_wgmma levels", WarpgroupConvolution(128, stages: 3, loader: .gather).spec(problem))
    }
    var product = ConvolutionProblem.product(
      math: math, output: element, rows: 77, columns: 136, reduction: 200)
    product.gated = true
    if math != .f32 { add("product gated", MMAConvolution(32, 64, warps: (2, 2), stages: 4).spec(product)) }
    product.gated = false
    if warpgroups && !math.isExact {
      add(
        "conv_wgmma tiled", WarpgroupConvolution(192, stages: 3, loader: .tiled, split: split).spec(product))
    }
    product.weightsAreRowMajor = true
    product.weightsAreConstant = false
    product.batches = 3
    product.batchStrides = [77 * 200, 200 * 136, 77 * 136]
    add("product rows", SIMTConvolution(64, 64, 8, thread: (8, 4)).spec(product))
    if math.elementBytes == 2 {
      add("product rows", MMAConvolution(64, 64, warps: (2, 2), stages: 3).spec(product))
    }
    return result
  }

  private static func images(_ element: KernelElement, _ clusters: Bool) -> [KernelInstance] {
    var result = [
      KernelInstance(
        label: "depthwise",
        spec: DepthwiseKernel(
          element: element, images: 2, input: [15, 17], result: [8, 9], channels: 24, kernel: [5, 5],
          strides: [2, 2],
          pads: [2, 2], activation: .hardSwish, writesSums: true
        ).spec()),
      KernelInstance(
        label: "squeeze_excite",
        spec: SqueezeExciteKernel(
          element: element, images: 2, channels: 100, hidden: 7, parts: 3, pixels: 49, activation: .relu,
          gateActivation: .hardSigmoid(alpha: 1 / 6, beta: 0.5), blocks: clusters ? 4 : 1
        ).spec()),
      KernelInstance(
        label: "pool",
        spec: PoolKernel(
          element: element, mode: .averageWithPadding, images: 1, input: [9, 9], result: [5, 5], channels: 20,
          kernel: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1]
        ).spec()),
      KernelInstance(
        label: "gather",
        spec: GatherKernel(
          elementBytes: element.byteCount, outer: 2, axis: 7, count: 5, inner: 12, indexBytes: 8
        ).spec()),
      KernelInstance(
        label: "global_pool",
        spec: GlobalPoolKernel(element: element, isMax: false, images: 3, pixels: 49, channels: 30).spec()),
      KernelInstance(
        label: "resize",
        spec: ResizeKernel(
          element: element, images: 1, input: [7, 9], result: [14, 18], channels: 12, isLinear: true,
          coordinate: .halfPixel, nearest: .floor, steps: [0.5, 0.5], adds: true
        ).spec()),
    ]
    if element != .f32 {
      let stem = StemKernel(
        picture: .f32, element: element, images: 1, input: [29, 37, 3], isPlanar: true, result: [15, 19, 40],
        kernel: [7, 7], stride: 2, pads: [3, 3], activation: .relu)
      result.append(KernelInstance(label: "stem", spec: stem.spec()))
    }
    return result
  }

  private static func rows(_ element: KernelElement) -> [KernelInstance] {
    [
      KernelInstance(label: "softmax", spec: SoftmaxKernel(element: element, rows: 13, columns: 1000).spec()),
      KernelInstance(
        label: "layer_norm",
        spec: LayerNormKernel(
          element: element, rows: 13, columns: 770, epsilon: 1e-5, addsResidual: true, storesSum: true,
          activation: .gelu
        ).spec()),
      KernelInstance(
        label: "group_norm",
        spec: GroupNormKernel(
          element: element, images: 2, pixels: 35, channels: 30, groups: 5, epsilon: 1e-5, activation: .silu
        ).spec()),
    ]
  }

  private static func moves(_ element: KernelElement) -> [KernelInstance] {
    [
      KernelInstance(
        label: "transpose",
        spec: TransposeKernel(input: .f32, output: element, batch: 2, rows: 3, columns: 100, outputStride: 8)
          .spec()),
      KernelInstance(
        label: "permute",
        spec: PermuteKernel(elementBytes: element.byteCount, extents: [3, 5, 7], strides: [1, 21, 3]).spec()),
    ]
  }
}
