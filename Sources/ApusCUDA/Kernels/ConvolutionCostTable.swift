/// A tiling of a convolution kernel with what it costs.
struct ConvolutionTiling: Sendable {
  enum Kind: Sendable {
    case mma(MMAConvolution)
    case warpgroup(WarpgroupConvolution)
  }

  var kind: Kind
  var registers: Int
  /// Microseconds on an H100: of a launch; of a stage of each wave; of a stage and of a block on each multiprocessor; of a
  /// split; the weights of the times that memory and the L2 cache take at 3 and 5.5 TB/s.
  var cost: [Double]

  init(_ kind: Kind, _ registers: Int, _ cost: [Double]) {
    self.kind = kind
    self.registers = registers
    self.cost = cost
  }

  /// Fitted by non-negative least squares of the relative error to the half-precision layers in `Benchmarks/GPU`
  /// (`conv_bench`, median error 8 %): the first choice is within 4 % of the best on average, the first four within 1 %.
  static let all: [ConvolutionTiling] = [
    .init(
      .mma(.init(128, 128, tileBytes: 128, warps: (2, 4), warpsK: 1, stages: 3)), 138,
      [1.33, 0.514, 0.0938, 1.66, 3.36, 0.211, 0.669]),
    .init(
      .mma(.init(128, 128, tileBytes: 64, warps: (2, 2), warpsK: 1, stages: 4)), 239,
      [1.95, 0.418, 0, 1.56, 2.65, 0.406, 0.429]),
    .init(
      .mma(.init(128, 32, tileBytes: 128, warps: (4, 1), warpsK: 1, stages: 4)), 136,
      [1.27, 0.308, 0, 0.612, 1.81, 0.457, 0.25]),
    .init(
      .mma(.init(128, 64, tileBytes: 128, warps: (2, 2), warpsK: 1, stages: 4)), 168,
      [2.07, 0.449, 0, 0.762, 1.33, 0.577, 0.376]),
    .init(
      .mma(.init(16, 128, tileBytes: 128, warps: (1, 4), warpsK: 1, stages: 4)), 72,
      [1.1, 0.269, 0.0805, 0.249, 1.45, 0.637, 0.0751]),
    .init(
      .mma(.init(16, 128, tileBytes: 128, warps: (1, 4), warpsK: 1, stages: 6)), 72,
      [0.91, 0.313, 0, 0.356, 1.48, 0.566, 0.219]),
    .init(
      .mma(.init(16, 32, tileBytes: 128, warps: (1, 1), warpsK: 4, stages: 8)), 64,
      [1.06, 0.101, 0.0435, 0, 1.53, 1.56, 0]),
    .init(
      .mma(.init(16, 32, tileBytes: 128, warps: (1, 2), warpsK: 1, stages: 8)), 64,
      [1.06, 0.216, 0.0233, 0.0798, 1.01, 0.0354, 0]),
    .init(
      .mma(.init(16, 64, tileBytes: 128, warps: (1, 2), warpsK: 4, stages: 8)), 64,
      [0.741, 0.145, 0.0363, 0.232, 1.81, 1.48, 0.0784]),
    .init(
      .mma(.init(16, 64, tileBytes: 128, warps: (1, 4), warpsK: 1, stages: 4)), 62,
      [1.01, 0.213, 0.0655, 0.195, 1.53, 0.279, 0]),
    .init(
      .mma(.init(16, 64, tileBytes: 128, warps: (1, 4), warpsK: 1, stages: 8)), 60,
      [0.779, 0.212, 0.016, 0.0685, 1.48, 1.42, 0.133]),
    .init(
      .mma(.init(32, 32, tileBytes: 128, warps: (1, 1), warpsK: 4, stages: 4)), 80,
      [1.49, 0.124, 0.0712, 0.143, 1.51, 0.533, 0]),
    .init(
      .mma(.init(32, 32, tileBytes: 128, warps: (1, 1), warpsK: 4, stages: 8)), 72,
      [1.06, 0.139, 0.04, 0.137, 1.83, 0.679, 0.0503]),
    .init(
      .mma(.init(32, 32, tileBytes: 128, warps: (1, 2), warpsK: 4, stages: 8)), 74,
      [1.29, 0.132, 0.0587, 0, 2.12, 0.698, 0.0724]),
    .init(
      .mma(.init(32, 32, tileBytes: 128, warps: (2, 2), warpsK: 1, stages: 12)), 64,
      [0.991, 0.164, 0.0316, 0.0202, 1.71, 1.37, 0.0868]),
    .init(
      .mma(.init(32, 32, tileBytes: 128, warps: (2, 2), warpsK: 1, stages: 4)), 62,
      [1.27, 0.159, 0.0757, 0.068, 1.53, 0.762, 0]),
    .init(
      .mma(.init(32, 32, tileBytes: 128, warps: (2, 2), warpsK: 1, stages: 8)), 64,
      [1.13, 0.148, 0.0553, 0.037, 1.53, 1.39, 0.0202]),
    .init(
      .mma(.init(32, 64, tileBytes: 128, warps: (1, 2), warpsK: 4, stages: 8)), 80,
      [1.03, 0.163, 0.047, 0.355, 2.01, 0.803, 0.15]),
    .init(
      .mma(.init(32, 64, tileBytes: 128, warps: (2, 2), warpsK: 1, stages: 4)), 72,
      [1.3, 0.206, 0.113, 0.236, 1.63, 0.323, 0]),
    .init(
      .mma(.init(32, 64, tileBytes: 128, warps: (2, 2), warpsK: 1, stages: 8)), 80,
      [0.837, 0.267, 0.0182, 0.27, 1.7, 0.428, 0.206]),
    .init(
      .mma(.init(64, 128, tileBytes: 128, warps: (2, 2), warpsK: 1, stages: 4)), 161,
      [1.47, 0.463, 0, 0.928, 2.21, 0.341, 0.377]),
    .init(
      .mma(.init(64, 32, tileBytes: 128, warps: (2, 1), warpsK: 2, stages: 8)), 95,
      [0.953, 0.224, 0.0052, 0.461, 1.96, 0.599, 0.169]),
    .init(
      .mma(.init(64, 32, tileBytes: 128, warps: (2, 2), warpsK: 1, stages: 4)), 80,
      [1.43, 0.256, 0.102, 0.238, 1.74, 0.29, 0]),
    .init(
      .mma(.init(64, 32, tileBytes: 128, warps: (2, 2), warpsK: 1, stages: 8)), 80,
      [0.861, 0.304, 0.0243, 0.523, 1.83, 0.122, 0.132]),
    .init(
      .mma(.init(64, 64, tileBytes: 128, warps: (2, 2), warpsK: 1, stages: 4)), 122,
      [1.24, 0.265, 0.129, 0.491, 2.23, 0.218, 0.0737]),
    .init(
      .mma(.init(64, 64, tileBytes: 128, warps: (2, 2), warpsK: 1, stages: 6)), 122,
      [1.04, 0.333, 0, 0.67, 1.89, 0.152, 0.278]),
    .init(
      .mma(.init(64, 64, tileBytes: 128, warps: (2, 2), warpsK: 2, stages: 6)), 96,
      [0.955, 0.292, 0.00812, 0.952, 2.29, 0.126, 0.263]),
    .init(
      .mma(.init(64, 64, tileBytes: 128, warps: (2, 2), warpsK: 4, stages: 4)), 94,
      [0.8, 0.197, 0.118, 1.11, 2.48, 0.358, 0.181]),
    .init(
      .mma(.init(64, 64, tileBytes: 64, warps: (2, 2), warpsK: 1, stages: 6)), 108,
      [1.27, 0.124, 0.115, 0.556, 2.02, 0.0781, 0.00809]),
    .init(
      .warpgroup(.init(128, stages: 0, loader: .tiled, blocksPerMultiprocessor: 1)), 92,
      [1.55, 0.0101, 0.178, 1.58, 2.97, 0.442, 0.46]),
    .init(
      .warpgroup(.init(128, stages: 0, loader: .tiled, blocksPerMultiprocessor: 2)), 93,
      [2.1, 0.291, 0, 0.97, 3.11, 0.657, 0.514]),
    .init(
      .warpgroup(.init(128, stages: 0, loader: .windows, blocksPerMultiprocessor: 1)), 91,
      [0, 0.224, 5.88e-16, 3.71, 2.87, 0, 0.276]),
    .init(
      .warpgroup(.init(128, stages: 0, loader: .windows, blocksPerMultiprocessor: 2)), 90,
      [0.444, 0.329, 0, 2.59, 3.7, 0, 0.445]),
    .init(
      .warpgroup(.init(128, stages: 0, loader: .gather, blocksPerMultiprocessor: 1)), 168,
      [0, 0.361, 2.92e-16, 3.53, 2.78, 0, 0.214]),
    .init(
      .warpgroup(.init(192, stages: 0, loader: .tiled, blocksPerMultiprocessor: 1)), 123,
      [5.62, 0, 0, 0.407, 0.432, 2.75, 1.25]),
    .init(
      .warpgroup(.init(256, stages: 0, loader: .tiled, blocksPerMultiprocessor: 1)), 168,
      [0, 0.391, 1.87e-16, 5.1, 3.79, 0.288, 0.401]),
    .init(
      .warpgroup(.init(256, stages: 0, loader: .windows, blocksPerMultiprocessor: 1)), 154,
      [0, 0.436, 7.49e-16, 6.11, 2.88, 0, 0.313]),
    .init(
      .warpgroup(.init(256, stages: 0, loader: .gather, blocksPerMultiprocessor: 1)), 168,
      [0, 0.513, 1.83e-15, 6.21, 2.96, 0, 0.269]),
    .init(
      .warpgroup(.init(64, stages: 0, loader: .tiled, blocksPerMultiprocessor: 1)), 86,
      [1.39, 0.105, 0, 1.06, 2.37, 0.459, 0.357]),
    .init(
      .warpgroup(.init(64, stages: 0, loader: .tiled, blocksPerMultiprocessor: 2)), 86,
      [1.79, 0.172, 0, 0.676, 2.31, 0.635, 0.352]),
    .init(
      .warpgroup(.init(64, stages: 0, loader: .windows, blocksPerMultiprocessor: 1)), 80,
      [0, 0, 0.168, 2.18, 2.87, 0.00884, 0.213]),
    .init(
      .warpgroup(.init(64, stages: 0, loader: .windows, blocksPerMultiprocessor: 2)), 80,
      [1.97, 0.184, 0, 0.432, 2.88, 0.225, 0.451]),
    .init(
      .warpgroup(.init(64, stages: 0, loader: .gather, blocksPerMultiprocessor: 1)), 168,
      [0.0144, 0.34, 0, 2.11, 2.5, 0, 0.105]),
    .init(
      .warpgroup(.init(64, stages: 0, loader: .gather, blocksPerMultiprocessor: 2)), 80,
      [1.34, 0.505, 0.121, 0, 4.13, 0, 0.0414]),
  ]
}
