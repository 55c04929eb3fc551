import Apus

/// One side of a comparison: something that runs, or outputs saved before.
struct OutputSource {
  private enum Kind {
    case runnable(Runnable)
    case saved([String: Tensor])
  }

  private let kind: Kind

  init(_ path: String, threads: Int) throws {
    if FileBytes.isFolder(path) {
      var tensors: [String: Tensor] = [:]
      for name in try FileBytes.names(inFolder: path) where name.hasSuffix(".npy") {
        tensors[String(name.dropLast(4))] = try NPYFile.read("\(path)/\(name)")
      }
      kind = .saved(tensors)
    } else if path.hasSuffix(".npz") {
      kind = .saved(try NPZFile.read(path))
    } else {
      kind = .runnable(try Runnable(path, threads: threads))
    }
  }

  /// Inputs to give; nil for saved outputs.
  var inputs: [DataSource.Input]? {
    if case .runnable(let runnable) = kind { return runnable.inputs }
    return nil
  }

  /// The plan that runs; nil for saved outputs.
  var executable: ExecutablePlan? {
    if case .runnable(let runnable) = kind { return runnable.session.executable }
    return nil
  }

  /// A model node by node without optimizing, or an engine as it is; nil for saved outputs.
  func unfused() throws -> ExecutablePlan? {
    guard case .runnable(let runnable) = kind, !runnable.isEngine else { return executable }
    return try LoweredPlan(
      try Model(contentsOf: runnable.path).source.graph, tactics: try Device.cpu.tactics()
    ).executable
  }

  func outputs(_ feeds: [String: Tensor]) throws -> (order: [String], tensors: [String: Tensor]) {
    switch kind {
    case .saved(let tensors): return (tensors.keys.sorted(), tensors)
    case .runnable(let runnable): return (runnable.session.outputNames, try runnable.session.run(feeds))
    }
  }
}
