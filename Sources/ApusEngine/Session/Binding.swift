public import ApusCore

/// Inputs and outputs fixed in memory for repeated runs.
public final class Binding {
  private let session: Session
  private let plan: BoundPlan
  private let inputs: [Value?]
  private let outputMemory: [Value?]

  init(session: Session, plan: BoundPlan, inputs: [Value?]) throws {
    self.session = session
    self.plan = plan
    self.inputs = inputs
    plan.attach(inputs: inputs)
    outputMemory = plan.freshOutputs(lasting: true)
    plan.setAddresses(of: outputMemory)
  }

  /// Runs on the bound memory. Allocates nothing of ours, unless the plan has references or data-dependent sizes.
  public func execute() throws {
    try session.exclusively {
      try plan.run(pool: session.pool)
      plan.copyIndirectOutputs(outputMemory)
    }
  }

  /// Milliseconds on the device's clock of one replay of its work, inputs and outputs staying in its memory; nil
  /// where the plan also has steps on the host, or `execute` has not run yet.
  public func deviceMilliseconds() throws -> Double? {
    try session.exclusively { try plan.deviceMilliseconds() }
  }

  /// What each step of a run costs, in the order of the plan: medians of `runs`.
  public func profile(runs: Int = 10) throws -> [StepTime] {
    try session.exclusively { try plan.profile(runs: runs, pool: session.pool) }
  }

  /// The outputs that are not in the caller's memory on the device, by name; their contents change with the next `execute`.
  public func outputs() throws -> [String: Tensor] {
    var values = outputMemory
    try plan.collect(&values)
    return Dictionary(
      zip(session.outputNames, values).compactMap { name, value in value?.tensor.map { (name, $0) } }
    ) { first, _ in first }
  }
}
