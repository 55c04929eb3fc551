import ApusCore
public import ApusEngine
public import ApusTactics
public import ApusVision

/// How a model is optimized.
public struct BuildOptions: Sendable {
  /// Element type of the heavy arithmetic; `tf32`: products and convolutions of FP32 elements keep ten bits of their
  /// operands' mantissa, where the device has units for that.
  public enum Precision: String, Sendable, Codable, CaseIterable { case fp32, fp16, bf16, int8, tf32 }

  /// `--fix`: inputs with their shapes made static.
  public var fixedShapes: [String: [Int]] = [:]
  /// `--shapes`: accepted ranges; empty: any shape.
  public var profiles: [ShapeProfile] = []
  /// FP32 is always allowed beside these.
  public var precisions: Set<Precision> = []

  /// Those below FP32 as text, `fp16,tf32`; `fp32` where there is none.
  public var precisionText: String {
    let names = Precision.allCases.filter { $0 != .fp32 && precisions.contains($0) }.map(\.rawValue)
    return names.isEmpty ? "fp32" : names.joined(separator: ",")
  }

  /// Threads that kernels are tuned for; 0: one a processor.
  public var threads = 0
  /// When a GPU vendor's libraries compute beside our own kernels.
  public var libraries = LibraryUse.measured
  /// Refuse instead of falling back to references.
  public var strict = false
  /// Leave the portable graph out of the engine.
  public var lean = false
  /// No measuring: the same model always gives the same bytes.
  public var deterministic = false
  /// File that remembers measurements of kernels; nil: they are forgotten.
  public var timingCache: String?
  /// Time for measuring kernels against each other.
  public var tuningBudget = Duration.seconds(60)
  public var seed: UInt64 = 0
  /// Samples for accuracy and timing; nil: generated from `seed`.
  public var testData: DataSource?
  /// Ranges of generated integer inputs.
  public var inputRanges: [String: ClosedRange<Int64>] = [:]
  /// Rewrites stop after this many.
  public var stopAfter = Int.max
  /// Whether the model is timed before, during and after optimization.
  public var measures = true
  /// Whether the graph is timed after every stage of the pipeline too.
  public var measuresStages = true
  /// Least cosine of every output beside the model as imported: nodes stay FP32 until it is reached; nil: whatever the
  /// precision gives.
  public var minimumCosine: Double?
  /// Whether the engine is compared with the model as imported.
  public var checksAccuracy = true
  /// Further entries of the engine's header.
  public var metadata: [String: String] = [:]
  /// Asked now and then whether to stop: the build then ends with an error and keeps its timing cache.
  public var isCancelled: @Sendable () -> Bool = { false }
  /// Called with what is being done.
  public var progress: @Sendable (String) -> Void = { _ in }
  /// What the caller asked for, for the report.
  public var userConfiguration = ""

  public init() {}
}
