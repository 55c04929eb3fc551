public import ApusCUDA
import ApusEngine
public import ApusTactics

extension CUDAContext {
  /// All tactics of GPUs, in order of preference.
  var tactics: [any Tactic] {
    [
      AttentionFused(context: self),
      BatchedNMSPictures(context: self),
      ConvStem(context: self),
      ConvDepthwise(context: self),
      ConvPatches(context: self),
      ConvImplicitGEMM(context: self),
      ConvPyramid(context: self),
      CopyAcross(),
      EfficientNMSPictures(context: self),
      GatherSlices(context: self),
      GlobalPoolingNHWC(context: self),
      LayerNormalizationRows(context: self),
      LinearProduct(context: self),
      MatMulBatched(context: self),
      PaddedSuppressionGroups(context: self),
      PluginLibraryOnGPU(),
      PluginOwnKernels(context: self),
      PointwiseGenerated(context: self),
      PoolingNHWC(context: self),
      ReorderLayout(context: self),
      ResizeNHWC(context: self),
      RetinaNetDecodeLevel(context: self),
      RetinaNetDetectionPictures(context: self),
      RetinaNetNMSPictures(context: self),
      RoiAlignSamples(context: self),
      SoftmaxRows(context: self),
      SqueezeExcitationFused(context: self),
      StridedViews(context: self),
    ] + generalTactics
  }

  /// Libraries that compete with them.
  var libraryTactics: [any LibraryTactic] {
    [CuBLASLtProduct(context: self), CuDNNConvolution(context: self)]
  }
}

extension TacticSet {
  /// A GPU, with the host's tactics for what it cannot run. `precision` is what was asked for below FP32, separated by
  /// commas: products may be TF32 where `tf32` is among it. `libraries` says when NVIDIA's compute beside our kernels.
  public static func cuda(
    _ runtime: CUDARuntime, images: any KernelImages, precision: String = "fp32",
    libraries: LibraryUse = .measured, host: TacticSet
  ) -> TacticSet {
    let properties = runtime.gpu.properties
    let target = PlanTarget(
      device: "cuda", level: properties.target, model: properties.name, precision: precision)
    let context = CUDAContext(
      properties, images: images, tuner: ProgramTuner(runtime: runtime, target: target),
      allowsTF32: precision.split(separator: ",").contains("tf32"), libraries: libraries, gpu: runtime.gpu)
    return TacticSet(
      target: target,
      runtime: runtime, tactics: context.tactics, fallback: HostTactics(host),
      stamp: context.stamp,
      prepare: { context.prepare($0, sizes: $1, tuning: $2) })
  }
}
