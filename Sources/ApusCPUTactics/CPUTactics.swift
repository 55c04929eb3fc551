import ApusCPU
import ApusEngine
public import ApusTactics

/// All tactics of the CPU device, in order of preference; a test finds files that are missing here.
let cpuTactics: [any Tactic] = [
  AttentionFused(),
  BatchNormalizationDepthwise(),
  ConvDepthwise(),
  ConvImplicitGEMM(),
  ConvTransposeImplicitGEMM(),
  ConvWinograd(),
  DepthwiseSqueezeExcitation(),
  GatedConvImplicitGEMM(),
  EfficientNMSBatch(),
  GatherSlices(),
  GemmPacked(),
  GlobalPoolingNHWC(),
  GroupNormalizationNHWC(),
  LayerNormalizationRows(),
  LinearPacked(),
  MatMulBatched(),
  OneDNNConv(),
  OneDNNMatMul(),
  PluginOwnKernel(),
  PointwiseTiles(),
  PoolingNHWC(),
  ReduceAxes(),
  ReorderLayout(),
  ResizeNHWC(),
  RetinaNetDecodeBatch(),
  RetinaNetNMSBatch(),
  SoftmaxLines(),
  SqueezeExcitationNHWC(),
  StridedViews(),
]

extension TacticSet {
  /// The CPU that this process runs on.
  public static func cpu(precision: String = "fp32") -> TacticSet {
    TacticSet(
      target: PlanTarget(device: "cpu", level: CPURuntime.level, precision: precision), runtime: CPURuntime(),
      tactics: cpuTactics)
  }
}
