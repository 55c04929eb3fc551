import ApusCUDA
import ApusCore
import ApusEngine
import ApusTactics

/// Chooses among the programs of a node: the most promising by their cost model are held against the operator's
/// reference and timed as in a network; the fastest that is right wins. Libraries compete too, but win only where that
/// shows, and with ours behind them: an engine needs none to run.
struct ProgramTuner: Sendable {
  /// How many programs are tried.
  static let count = 6
  /// Share of our best time that a library must not exceed.
  static let libraryShare = 0.98

  let runtime: CUDARuntime
  let target: PlanTarget

  /// What was chosen, and why others were not.
  struct Choice {
    var program: CUDAProgram
    var microseconds: Double?
    var refusals: [String] = []
  }

  /// Those worth trying: by expected time, none that is expected to take three times the best.
  static func promising(_ programs: [CUDAProgram]) -> [CUDAProgram] {
    let best = programs.first?.expected ?? 0
    return Array(programs.filter { ($0.expected ?? 0) <= 3 * best }.prefix(count))
  }

  /// What tells this choice from others.
  func key(_ node: ConcreteNode, _ context: CUDAContext) -> String {
    let text = { (tensors: [TensorDescriptor?]) in
      tensors.enumerated().map { index, tensor in
        guard let tensor else { return "-" }
        let mark = node.constant(index) == nil ? "" : "!"
        return "\(TensorType(tensor.dtype, Shape(tensor.shape)))\(mark)@\(tensor.layout.rawValue)"
      }.joined(separator: ",")
    }
    let results = node.outputs.map { $0.map { "\($0.shape)\($0.dtype.rawValue)" } ?? "-" }
    return "\(PlanStep.text(of: node.op).text)|\(text(node.inputs))|\(results.joined(separator: ","))"
      + "|\(target.device)/\(target.level)/\(target.model)\(context.allowsTF32 ? "/tf32" : "")|\(context.stamp)"
  }

  func choose(
    _ programs: [CUDAProgram], _ query: TacticNode, _ layouts: LayoutSignature, _ symbols: [String: Int],
    _ node: ConcreteNode, _ session: TuningSession, absorbed: Set<Int>, _ context: CUDAContext
  ) throws -> Choice? {
    let key = key(node, context)
    let known = session.cache[key]
    func found(_ programs: [CUDAProgram]) -> Choice? {
      guard let known, let program = programs.first(where: { $0.label == known.tactic }) else { return nil }
      return Choice(program: program, microseconds: known.milliseconds * 1000)
    }
    if let choice = found(programs) { return choice }
    // Only now: opening a library takes a while.
    let libraries = context.libraryPrograms(node, absorbed: absorbed)
    if let first = programs.first, let choice = found(libraries.programs.map { $0.backed(by: first) }) {
      return choice
    }
    if programs.count + libraries.programs.count == 1 {
      return programs.first.map { Choice(program: $0, refusals: libraries.refusals) }
    }
    return try session.measure {
      var choice = try measure(
        Self.promising(programs) + libraries.programs, query, layouts, symbols, absorbed, context)
      choice?.refusals += libraries.refusals
      return choice
    }?.map { choice in
      if let microseconds = choice.microseconds {
        session.cache[key] = .init(tactic: choice.program.label, milliseconds: microseconds / 1000)
      }
      return choice
    }
  }

  private func measure(
    _ programs: [CUDAProgram], _ query: TacticNode, _ layouts: LayoutSignature, _ symbols: [String: Int],
    _ absorbed: Set<Int>, _ context: CUDAContext
  ) throws -> Choice? {
    guard
      let trial = try DeviceTrial(query, layouts, runtime, target, symbols: symbols, copy: CopyAcross()),
      let concrete = ConcreteNode(query, layouts, symbols: symbols)
    else { return nil }
    var best: Choice?
    var own: CUDAProgram?
    var refusals: [String] = []
    for program in programs {
      do {
        let pool = ConstantPool(section: "trial")
        var writer = CUDARecordWriter(context, pool)
        try writer.add(program, nil, concrete, absorbed: absorbed)
        let built = BuiltKernel(try writer.record(tactic: program.label), absorbedInputs: absorbed)
        let time = try trial.microseconds(
          built, pool, best: best?.microseconds, tolerance: program.tolerance)
        if Self.wins(program, time, over: best) {
          if let best { refusals.append(Self.text(best)) }
          best = Choice(program: program, microseconds: time)
          if program.call == nil { own = program }
        } else {
          refusals.append(Self.text(Choice(program: program, microseconds: time)))
        }
      } catch { refusals.append("\(program.label): \(error)") }
    }
    best?.refusals = refusals
    if let winner = best?.program, winner.call != nil, let own { best?.program = winner.backed(by: own) }
    if best == nil {
      throw ApusError(
        .internal,
        Problem(
          .internalError, "no kernel is right: \(refusals.joined(separator: "; "))", node: query.name,
          operator: query.op.operatorName))
    }
    return best
  }

  /// Whether a program that took `time` microseconds takes the place of the best so far.
  static func wins(_ program: CUDAProgram, _ time: Double, over best: Choice?) -> Bool {
    guard let best, let fastest = best.microseconds else { return true }
    return time < (program.call != nil && best.program.call == nil ? libraryShare * fastest : fastest)
  }

  private static func text(_ choice: Choice) -> String {
    let tenths = Int(((choice.microseconds ?? 0) * 10).rounded())
    return "\(choice.program.label): \(tenths / 10).\(tenths % 10) us"
  }
}
