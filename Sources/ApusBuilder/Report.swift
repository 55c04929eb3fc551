import ApusCore
import ApusOptimizer
import ApusEngine
import ApusTactics
import ApusVision
import FoundationEssentials

/// What optimization did and gained. The keys of the PAI-Blade report keep their form (times as text); each has a
/// numeric twin, and more is said beside them.
public struct Report: Sendable, Codable {
  public struct Software: Sendable, Codable {
    public var software: String
    public var version: String
  }

  public struct Hardware: Sendable, Codable {
    public var deviceType: String
    public var microarchitecture: String
  }

  public struct Diagnosis: Sendable, Codable {
    public var model: String
    public var testDataSource: String
    public var shapeVariation: String
    public var message: String
    public var testDataInfo: String
  }

  /// A stage of the pipeline with the time before and after it.
  public struct Optimization: Sendable, Codable {
    public var name: String
    public var status: String
    public var speedup: String
    public var preRun: String
    public var postRun: String
    public var preRunMs: Double?
    public var postRunMs: Double?
    public var speedupX: Double?
    public var fired: [String: Int]
    public var nodesBefore: Int
    public var nodesAfter: Int
    public var seconds: Double
    /// Whether the time after the stage is that of an earlier build, from the timing cache.
    public var postRunFromCache: Bool
    /// What preparing and measuring the plan after the stage took.
    public var measuringSeconds: Double
  }

  /// A part of the build.
  public struct Phase: Sendable, Codable {
    /// `baseline`, `optimizing` with the timing of the stages, `kernels`, `checking`, `timing`.
    public var name: String
    public var seconds: Double
  }

  public struct Overall: Sendable, Codable {
    public var baseline: String
    public var optimized: String
    public var speedup: String
    public var baselineMs: Double?
    public var optimizedMs: Double?
    public var speedupX: Double?
    /// Which program the baseline is.
    public var baselineOf: String
  }

  public struct ModelInfo: Sendable, Codable {
    public var inputFormat: String
    public var producer: String
    public var opsets: [String: Int]
    public var weightBytes: Int
    public var nodes: Int
  }

  /// One step of the plan.
  public struct KernelLine: Sendable, Codable {
    public var node: String
    public var `operator`: String
    public var tactic: String
    /// What the tactic chose among: tiling and arithmetic of products on GPUs; nil where there is nothing to say.
    public var program: String?
    public var sources: [String]
    public var rules: [String]
    public var tunedMs: Double?
    /// Multiplications and additions, bytes at least moved, the time that these need at best, and its part of `tunedMs`;
    /// nil where nobody counted.
    public var operations: Double?
    public var bytes: Double?
    public var floorMs: Double?
    public var rooflineShare: Double?
    /// Why other tactics were not taken.
    public var refusals: [String]
  }

  public var softwareContext: [Software]
  public var hardwareContext: Hardware
  public var userConfig: String
  public var diagnosis: Diagnosis
  /// What the engine was tuned for; empty where all shapes are static.
  public var profiles: [Profile]
  public var optimizations: [Optimization]
  public var overall: Overall
  public var modelInfo: ModelInfo
  public var compatibilityList: [Hardware]
  public var modelSdk: [String: String]
  public var precision: String
  public var accuracy: [Comparison]
  /// Of a detector, whose rows `accuracy` compares with those they match.
  public var detections: DetectionAgreement?
  /// What the accuracy guard did; nil where none was asked for.
  public var accuracyGuard: GuardReport?
  public var kernels: [KernelLine]
  public var referenceSteps: Int
  public var buildSeconds: Double
  /// The parts of `buildSeconds`, in order.
  public var phases: [Phase]
  public var peakMemoryBytes: Int

  public static let version = "0.1.0"

  init(
    model: SourceModel, options: BuildOptions, tactics: TacticSet, data: DataSource, pipeline: PipelineReport,
    lowered: LoweredPlan, measurements: Measurements,
    accuracy: (outputs: [Comparison], detections: DetectionAgreement?), guarded: GuardReport?,
    clock: BuildClock
  ) {
    softwareContext = [Software(software: "apus", version: Self.version)]
    hardwareContext = Hardware(deviceType: tactics.target.device, microarchitecture: tactics.target.level)
    compatibilityList = [hardwareContext]
    userConfig = options.userConfiguration
    let samples = measurements.sample.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value.type)" }
    profiles = Self.profiles(model.graph, options)
    diagnosis = Diagnosis(
      model: model.fileName, testDataSource: data.origin, shapeVariation: Self.shapeVariation(profiles),
      message: Self.message(lowered, measurements), testDataInfo: samples.joined(separator: ", "))
    optimizations = Self.optimizations(pipeline, measurements)
    overall = Overall(measurements)
    modelInfo = ModelInfo(
      inputFormat: model.format, producer: model.producer, opsets: model.opsets,
      weightBytes: model.weightBytes,
      nodes: model.graph.nodeCount)
    modelSdk = [:]
    precision = options.precisionText
    self.accuracy = accuracy.outputs
    detections = accuracy.detections
    accuracyGuard = guarded
    kernels = Self.kernels(lowered)
    referenceSteps = lowered.referenceSteps
    buildSeconds = clock.seconds
    phases = clock.phases
    peakMemoryBytes = ProcessMemory.peakBytes
  }

  private static func message(_ lowered: LoweredPlan, _ measurements: Measurements) -> String {
    let kernels =
      lowered.referenceSteps == 0
      ? "every step has a kernel of the device"
      : "\(lowered.referenceSteps) of \(lowered.plan.steps.count) steps run by their reference"
    guard let fault = measurements.dataFault else { return kernels }
    return "\(kernels); nothing was measured, since the model does not run on random data (\(fault))"
  }

  private static func optimizations(_ pipeline: PipelineReport, _ measurements: Measurements)
    -> [Optimization]
  {
    var before = measurements.baselineMilliseconds
    return zip(pipeline.stages, measurements.stages).map { stage, timed in
      let after = timed.milliseconds ?? before
      defer { before = after }
      let gain = ratio(before, after)
      return Optimization(
        name: stage.name, status: stage.changes == 0 ? "no change" : "effective", speedup: text(gain),
        preRun: milliseconds(before), postRun: milliseconds(after), preRunMs: before, postRunMs: after,
        speedupX: gain,
        fired: stage.fired, nodesBefore: stage.nodesBefore, nodesAfter: stage.nodesAfter,
        seconds: stage.seconds, postRunFromCache: timed.isKnown, measuringSeconds: timed.seconds)
    }
  }

  private static func kernels(_ lowered: LoweredPlan) -> [KernelLine] {
    let refusals = Dictionary(lowered.notes.map { ($0.node, $0.refusals) }) { first, _ in first }
    return lowered.plan.steps.map {
      KernelLine(
        node: $0.name, operator: $0.operatorName, tactic: $0.kernel.tactic,
        program: $0.kernel.program, sources: $0.sources, rules: $0.rules,
        tunedMs: $0.tunedMilliseconds, operations: $0.work?.operations,
        bytes: $0.work.map { $0.constantBytes + $0.activationBytes },
        floorMs: $0.work.map { $0.floorMicroseconds / 1000 }, rooflineShare: $0.rooflineShare,
        refusals: refusals[$0.name] ?? [])
    }
  }

  static func ratio(_ before: Double?, _ after: Double?) -> Double? {
    guard let before, let after, after > 0 else { return nil }
    return before / after
  }

  /// Two decimals.
  static func text(_ number: Double?) -> String {
    guard let number, number.isFinite else { return "not measured" }
    let hundredths = Int((number * 100).rounded())
    return "\(hundredths / 100).\(hundredths % 100 < 10 ? "0" : "")\(hundredths % 100)"
  }

  static func milliseconds(_ number: Double?) -> String {
    number == nil ? "not measured" : text(number) + " ms"
  }

  /// The report as JSON, keys in snake case and sorted.
  public func json() throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return Array(try encoder.encode(self)) + [10]
  }
}

extension Report.Overall {
  init(_ measurements: Measurements) {
    let (before, after) = (measurements.baselineMilliseconds, measurements.optimizedMilliseconds)
    let gain = Report.ratio(before, after)
    self.init(
      baseline: Report.milliseconds(before), optimized: Report.milliseconds(after),
      speedup: Report.text(gain),
      baselineMs: before, optimizedMs: after, speedupX: gain,
      baselineOf: "the imported graph with constants folded, on the same device, FP32, node by node")
  }
}
