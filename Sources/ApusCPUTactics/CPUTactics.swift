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
  ConvImplicitGEMM(parts: .three),
  ConvIntegerDot(),
  ConvTransposeImplicitGEMM(),
  ConvWinograd(),
  CumulateLines(),
  DeformConvTiles(),
  DepthwiseSqueezeExcitation(),
  GatedConvImplicitGEMM(),
  GatedConvImplicitGEMM(parts: .three),
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
  LinearPacked(parts: .three),
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

/// Tactics for what stays FP32 beside BF16: sixteen bits of each factor are enough there.
let cpuTacticsBesideBF16: [any Tactic] = [
  ConvImplicitGEMM(parts: .two),
  GatedConvImplicitGEMM(parts: .two),
  LinearPacked(parts: .two),
]

extension TacticSet {
  /// The CPU that this process runs on. `precision`: those that are allowed beside FP32, separated by commas.
  public static func cpu(precision: String = "fp32") -> TacticSet {
    let allowsBF16 = precision.split(separator: ",").contains("bf16")
    return TacticSet(
      target: PlanTarget(device: "cpu", level: CPURuntime.level, precision: precision), runtime: CPURuntime(),
      tactics: cpuTactics + (allowsBF16 ? cpuTacticsBesideBF16 : []))
  }
}
