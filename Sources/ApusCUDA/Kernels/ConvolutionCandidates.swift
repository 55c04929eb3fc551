/// A kernel that can compute a convolution, with the time that the cost model expects.
public struct ConvolutionCandidate: Sendable {
  /// `mma 64x32 s8 cluster 4`: what a report calls it.
  public var label: String
  public var spec: KernelSpec
  /// Microseconds expected, weights not in the cache, inside a chain of early-starting kernels.
  public var microseconds: Double
  /// Whether it reads the weights as `tf32Parts` makes them.
  public var splitsWeights = false
}

extension ConvolutionProblem {
  /// Kernels for this problem on a GPU, the most promising first. Never empty for kernels without a gate that is no
  /// matrix product: the scalar kernel takes whatever remains.
  public func candidates(on gpu: GPUProperties) -> [ConvolutionCandidate] {
    var found: [ConvolutionCandidate] = []
    if math != .f32 {
      for tiling in ConvolutionTiling.all { found += candidates(of: tiling, on: gpu) }
    }
    if math.isExact || found.isEmpty { found += scalarCandidates(on: gpu) }
    return found.sorted { $0.microseconds < $1.microseconds }
  }

  private func candidates(of tiling: ConvolutionTiling, on gpu: GPUProperties) -> [ConvolutionCandidate] {
    splits(on: gpu).compactMap { split in
      switch tiling.kind {
      case .mma(var kernel):
        kernel.split = split
        let stages = stages(kernel.tileBytes, split)
        // A ring longer than the reduction only costs shared memory; a shorter one is in the table too.
        if kernel.stages > 4 && kernel.stages > 2 * stages { return nil }
        guard kernel.refusal(self) == nil else { return nil }
        let spec = kernel.spec(self)
        let label =
          "mma \(kernel.tileM)x\(kernel.tileN)x\(kernel.tileBytes) w\(kernel.warpsM)x\(kernel.warpsN)x\(kernel.warpsK) "
          + "s\(kernel.stages)"
        return candidate(label, spec, tiling, split, kernel.tileM, kernel.tileN, stages, gpu)
      case .warpgroup(var kernel):
        guard gpu.hasWarpgroupProducts else { return nil }
        kernel.split = split
        let stages = stages(128, split)
        let room = (gpu.sharedBytesPerMultiprocessor - 2048) / kernel.blocksPerMultiprocessor - 2048
        kernel.stages = min(8, room / WarpgroupConvolution.stageBytes(self, kernel.tileN), max(2, stages + 1))
        guard kernel.refusal(self) == nil else { return nil }
        let label =
          "wgmma 128x\(kernel.tileN) s\(kernel.stages) \(kernel.loader) x\(kernel.blocksPerMultiprocessor)"
        var found = candidate(
          label, kernel.spec(self), tiling, split, WarpgroupConvolution.tileM, kernel.tileN, stages, gpu)
        found?.splitsWeights = weightParts > 1
        return found
      }
    }
  }

  /// Stages of one block.
  private func stages(_ tileBytes: Int, _ split: ReductionSplit) -> Int {
    ceilDiv(ceilDiv(reduction * math.elementBytes, tileBytes), split.count)
  }

  private func splits(on gpu: GPUProperties) -> [ReductionSplit] {
    if batches > 1 { return [.none] }
    return [.none] + [2, 4, 8].map { gpu.hasClusters ? .cluster($0) : .workspace($0) }
  }

  private func candidate(
    _ label: String, _ spec: KernelSpec, _ tiling: ConvolutionTiling, _ split: ReductionSplit, _ tileM: Int,
    _ tileN: Int,
    _ stages: Int, _ gpu: GPUProperties
  ) -> ConvolutionCandidate? {
    let shared = spec.geometry.sharedBytes
    guard shared <= gpu.sharedBytesPerBlock - 1024 else { return nil }
    let blocks = spec.geometry.grid.count
    // Splitting a grid that fills the GPU, or tiles much wider than the problem, cannot pay.
    if split.count > 1 && blocks > 2 * gpu.multiprocessors { return nil }
    if tileN > 2 * result[2] && tileN > 32 { return nil }
    let threads = spec.geometry.block.count
    let resident = max(
      1,
      min(
        gpu.sharedBytesPerMultiprocessor / (shared + 1024), 65536 / (max(tiling.registers, 24) * threads),
        gpu.threadsPerMultiprocessor / threads))
    let perMultiprocessor = Double(ceilDiv(blocks, gpu.multiprocessors))
    let waves = Double(ceilDiv(blocks, gpu.multiprocessors * resident))
    let products = math == .f32x3 ? 3.0 : 1
    let steps = Double(stages) * products
    let traffic =
      Double(rows * batches) * Double(result[2]) * Double(reduction) * (1 / Double(tileM) + 1 / Double(tileN))
      * Double(math.elementBytes)
    let memory = bytes > 0.8 * Double(gpu.l2Bytes) ? bytes / 3e6 : bytes / 6e6
    let features = [
      1, waves * steps, perMultiprocessor * steps, perMultiprocessor, split.count > 1 ? 1 : 0, memory,
      traffic / 5.5e6,
    ]
    var time = zip(tiling.cost, features).reduce(0) { $0 + $1.0 * $1.1 }
    if case .workspace = split { time += 1 }
    let suffix = split.count > 1 ? " split \(split.count)" : ""
    return ConvolutionCandidate(label: label + suffix, spec: spec, microseconds: time)
  }

  /// The scalar kernel: bound by its multiplications, at about half of what the units could do.
  private func scalarCandidates(on gpu: GPUProperties) -> [ConvolutionCandidate] {
    let tilings = [
      SIMTConvolution(32, 64, 16, thread: (4, 4)), .init(64, 64, 16, thread: (4, 4)),
      .init(128, 64, 16, thread: (8, 4)),
      .init(128, 128, 8, thread: (8, 8)),
    ]
    return tilings.flatMap { tiling in
      splits(on: gpu).compactMap { split -> ConvolutionCandidate? in
        var kernel = tiling
        kernel.split = split
        guard kernel.refusal(self) == nil else { return nil }
        let spec = kernel.spec(self)
        let blocks = spec.geometry.grid.count
        if split.count > 1 && blocks > 2 * gpu.multiprocessors { return nil }
        let perMultiprocessor = Double(ceilDiv(blocks, gpu.multiprocessors))
        let steps = Double(ceilDiv(reduction, split.count))
        // 64 multiplications a clock; small tiles wait for shared memory more.
        let efficiency = 0.2 + 0.3 * Double(kernel.threadM * kernel.threadN) / 64
        let microseconds =
          2 + perMultiprocessor * steps * Double(kernel.tileM * kernel.tileN)
          / (128 * efficiency * Double(gpu.clockKilohertz) / 1000) + (split.count > 1 ? 2 : 0)
        let suffix = split.count > 1 ? " split \(split.count)" : ""
        return ConvolutionCandidate(
          label: "simt \(kernel.tileM)x\(kernel.tileN)x\(kernel.tileK)" + suffix, spec: spec,
          microseconds: microseconds)
      }
    }
  }
}
