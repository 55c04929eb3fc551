import ApusCPU
import ApusEngine
public import ApusTactics

/// All tactics of the CPU device, in order of preference; a test finds files that are missing here.
let cpuTactics: [any Tactic] = [
  ArgExtremeLines(),
  AttentionFused(),
  BatchNormalizationDepthwise(),
  BatchedNMSBatch(),
  BoxSuppressionPlaces(),
  ConvDepthwise(),
  ConvImplicitGEMM(),
  ConvImplicitGEMM(usesBF16x3: true),
  ConvIntegerDot(),
  ConvTransposeImplicitGEMM(),
  ConvWinograd(),
  CumulateLines(),
  DeformConvTiles(),
  DepthwiseSqueezeExcitation(),
  GatedConvImplicitGEMM(),
  GatedConvImplicitGEMM(usesBF16x3: true),
  EfficientNMSBatch(),
  GatherElementsPicked(),
  GatherNDSlices(),
  GatherSlices(),
  GemmPacked(),
  GlobalPoolingNHWC(),
  GridSamplePlanes(),
  GroupNormalizationNHWC(),
  LayerNormalizationRows(),
  LinearPacked(),
  LinearPacked(usesBF16x3: true),
  MatMulBatched(),
  MatMulIntegerDot(),
  NonZeroPositions(),
  OneDNNConv(),
  OneDNNMatMul(),
  OneHotVectors(),
  PluginOwnKernel(),
  PointwiseTiles(),
  PoolingNHWC(),
  QuantizeByRange(),
  QuantizeRows(),
  RangeSteps(),
  RecurrentSteps(),
  ReduceAxes(),
  ReorderLayout(),
  ResizeNHWC(),
  RetinaNetDecodeBatch(),
  RetinaNetNMSBatch(),
  RoiAlignNHWC(),
  ScatterElementsInOrder(),
  ScatterNDInOrder(),
  SoftmaxLines(),
  SqueezeExcitationNHWC(),
  StridedViews(),
  TopKLines(),
  TriluRows(),
]

extension TacticSet {
  /// The CPU that this process runs on.
  public static func cpu(precision: String = "fp32") -> TacticSet {
    TacticSet(
      target: PlanTarget(device: "cpu", level: CPURuntime.level, precision: precision), runtime: CPURuntime(),
      tactics: cpuTactics)
  }
}
