import Apus

/// A model or an engine, ready to run.
struct Runnable {
  let session: Session
  let inputs: [DataSource.Input]
  private let types: [String: ValueType]
  let loadMilliseconds: Double
  let isEngine: Bool
  let path: String

  /// Loads an engine, or optimizes a model in memory.
  init(
    _ path: String, threads: Int, fixed: [String: [Int]] = [:], precision: BuildOptions.Precision? = nil,
    device: Device = .auto, randomWeights: UInt64? = nil
  ) throws {
    self.path = path
    let clock = ContinuousClock()
    let start = clock.now
    let executable: ExecutablePlan
    isEngine = Engine.isEngine(path)
    if isEngine {
      executable = try Engine(contentsOf: path).executable()
    } else {
      var options = BuildOptions()
      options.measures = false
      options.checksAccuracy = false
      options.fixedShapes = fixed
      options.threads = threads
      if let precision { options.precisions = [precision] }
      options.progress = Output.progress
      executable = try Model(contentsOf: path, randomWeights: randomWeights).optimize(device: device, options)
        .lowered.executable
      Output.endProgress()
    }
    session = Session(executable, options: SessionOptions(threads: threads))
    loadMilliseconds = (clock.now - start) / .milliseconds(1)
    let values = executable.plan.inputs.map { executable.plan.values[$0] }
    types = Dictionary(values.map { ($0.name, $0.type) }) { first, _ in first }
    inputs = values.compactMap { value in
      value.type.tensor.map { DataSource.Input(name: value.name, type: $0) }
    }
  }

  func input(_ name: String) throws -> DataSource.Input {
    guard let input = inputs.first(where: { $0.name == name }) else { throw unknown(name) }
    return input
  }

  /// Type of any input, sequences and optionals among them.
  func type(of name: String) throws -> ValueType {
    guard let type = types[name] else { throw unknown(name) }
    return type
  }

  private func unknown(_ name: String) -> ApusError {
    ApusError(
      .usage,
      Problem(
        .unknownInputName, "'\(name)' is no input of the model", value: name,
        allowed: session.inputNames.joined(separator: ", "), fix: "use one of the model's input names"))
  }

  /// Random inputs for given shapes; symbols without a shape are 1.
  func randomInputs(shapes: [String: [Int]], seed: UInt64) throws -> [String: Tensor] {
    var symbols: [String: Int] = [:]
    for (name, shape) in shapes {
      let input = try input(name)
      for (dim, size) in zip(input.type.shape ?? [], shape) {
        if let symbol = dim.symbolName { symbols[symbol] = size }
      }
    }
    let random = RandomData(seed: seed, symbols: symbols)
    return try DataSource.generated(random, inputs: inputs).sample(0)
  }
}
