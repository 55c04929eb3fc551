public import ApusCore
public import ApusEngine

/// Chooses by measurement: every rival is built, held against the operator's reference, and timed; the fastest that
/// is right wins. What was measured once is remembered.
public final class MeasuringChooser: TacticChooser {
  public struct Options: Sendable {
    /// Sizes that symbols have while tuning, one set for each profile: the tactic that is fastest in sum wins. Those
    /// left out count as 1.
    public var sizes: [[String: Int]] = [[:]]
    /// 0: one a processor.
    public var threads = 0
    /// Time for all measurements; afterwards the first tactic is taken unless the cache knows better.
    public var budget = Duration.seconds(120)
    /// Time that one rival is run for.
    public var timePerRival = Duration.milliseconds(25)
    /// Nodes with rivals, for progress; 0: unknown.
    public var expected = 0
    /// Called with the number of the node that is measured and of those expected.
    public var progress: @Sendable (Int, Int) -> Void = { _, _ in }
    /// Asked before each node whether to stop.
    public var isCancelled: @Sendable () -> Bool = { false }

    public init() {}
  }

  private let runtime: any DeviceRuntime
  private let target: PlanTarget
  private let options: Options
  public let cache: TimingCache
  private let clock = ContinuousClock()
  private var spent = Duration.zero
  private var measured = 0
  /// Written between runs, so that operands are not all in the nearest cache.
  private var sweep = [UInt8](repeating: 0, count: 1 << 21)

  public init(_ set: TacticSet, options: Options = Options(), cache: TimingCache = TimingCache()) {
    (runtime, target) = (set.runtime, set.target)
    self.options = options
    self.cache = cache
  }

  /// How many nodes of a graph have more than one tactic.
  public static func contestedNodes(_ graph: Graph, _ set: TacticSet) -> Int {
    graph.allNodes.count { node in
      let query = TacticNode(node, in: graph)
      return set.tactics(for: node.op).count { $0.supports(query).reason == nil } > 1
    }
  }

  public func choose(
    _ rivals: [any Tactic], _ node: TacticNode, _ signature: LayoutSignature, _ constants: ConstantPool
  ) throws -> TacticChoice {
    guard rivals.count > 1 else { return try FirstTactic().choose(rivals, node, signature, constants) }
    if options.isCancelled() { throw ApusError.interrupted }
    measured += 1
    options.progress(measured, max(options.expected, measured))
    guard let trials = trials(node, signature) else {
      return try FirstTactic().choose(rivals, node, signature, constants)
    }
    let key = trials.map { $0.key(threads: options.threads) }.joined(separator: " + ")
    if let known = cache[key], let tactic = rivals.first(where: { $0.name == known.tactic }),
      let built = try? tactic.build(node, layouts: signature, constants: constants)
    {
      return TacticChoice(built, milliseconds: known.milliseconds)
    }
    guard spent < options.budget else { return try FirstTactic().choose(rivals, node, signature, constants) }
    let start = clock.now
    defer { spent += clock.now - start }
    return try measure(rivals, trials, key, constants)
  }

  /// The node at each of the sizes that matter to it; nil where it cannot be run alone.
  private func trials(_ node: TacticNode, _ signature: LayoutSignature) -> [KernelTrial]? {
    var seen: Set<[String: Int]> = []
    let sizes = options.sizes.map { sizes in node.symbols.reduce(into: [:]) { $0[$1] = sizes[$1] ?? 1 } }
    let trials = sizes.filter { seen.insert($0).inserted }.map {
      KernelTrial(node, signature, runtime, target, symbols: $0)
    }
    let possible = trials.compactMap { $0 }
    return possible.count == trials.count && !possible.isEmpty ? possible : nil
  }

  private func measure(
    _ rivals: [any Tactic], _ trials: [KernelTrial], _ key: String, _ constants: ConstantPool
  ) throws -> TacticChoice {
    let checks = try trials.map { try KernelCheck($0) }
    let (node, signature) = (trials[0].node, trials[0].signature)
    var refusals: [String] = []
    var times: [(tactic: any Tactic, milliseconds: Double)] = []
    for tactic in rivals {
      do {
        let best = times.map(\.milliseconds).min()
        var sum = 0.0
        for (trial, check) in zip(trials, checks) { sum += try time(tactic, trial, check, best: best) }
        times.append((tactic, sum))
      } catch let error as ApusError where error.endsLowering {
        throw error
      } catch {
        refusals.append("\(tactic.name): \(error)")
      }
    }
    for (tactic, milliseconds) in times.sorted(by: { $0.milliseconds < $1.milliseconds }) {
      do {
        let built = try tactic.build(node, layouts: signature, constants: constants)
        refusals += times.filter { $0.tactic.name != tactic.name }.map {
          "\($0.tactic.name): \(Self.text($0.milliseconds)) ms against \(Self.text(milliseconds))"
        }
        cache[key] = TimingCache.Entry(tactic: tactic.name, milliseconds: milliseconds)
        return TacticChoice(built, milliseconds: milliseconds, refusals: refusals)
      } catch { refusals.append("\(tactic.name): \(error)") }
    }
    throw ApusError(
      .internal,
      Problem(
        .internalError, "no kernel is right: \(refusals.joined(separator: "; "))", node: node.name,
        operator: node.op.operatorName))
  }

  /// Median milliseconds of a call; throws when the results are wrong. A rival three times slower than `best` is
  /// not run again.
  private func time(_ tactic: any Tactic, _ trial: KernelTrial, _ check: KernelCheck, best: Double?) throws
    -> Double
  {
    // Losers must not leave packed weights in the engine.
    let pool = ConstantPool(section: "trial")
    let built = try tactic.build(trial.node, layouts: trial.signature, constants: pool)
    let binding = try trial.binding(built, pool, threads: options.threads)
    try binding.execute()
    if let fault = check.fault(try binding.outputs(), trial) {
      throw ApusError(
        .internal, Problem(.internalError, "wrong: \(fault)", operator: trial.node.op.operatorName))
    }
    var samples: [Double] = []
    let start = clock.now
    while samples.count < 50, samples.count < 3 || clock.now - start < options.timePerRival {
      for index in stride(from: 0, to: sweep.count, by: 64) { sweep[index] &+= 1 }
      let began = clock.now
      try binding.execute()
      samples.append((clock.now - began) / .milliseconds(1))
      if let best, samples.count >= 2, (samples.min() ?? 0) > 3 * best { break }
    }
    return samples.sorted()[samples.count / 2]
  }

  /// Three digits after the point.
  private static func text(_ milliseconds: Double) -> String {
    let thousandths = Int((milliseconds * 1000).rounded())
    let digits = String(thousandths % 1000)
    return "\(thousandths / 1000).\(String(repeating: "0", count: 3 - digits.count))\(digits)"
  }
}

extension TacticNode {
  /// Symbols that the sizes around the node depend on.
  var symbols: Set<String> {
    (inputs + outputs).reduce(into: []) { found, type in
      for size in type?.tensor?.shape ?? [] { found.formUnion(size.symbols) }
    }
  }
}
