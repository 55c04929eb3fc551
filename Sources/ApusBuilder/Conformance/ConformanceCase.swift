public import ApusCore

/// A model with inputs and expected outputs on disk, as the ONNX project keeps them.
public struct ConformanceCase: Sendable, Hashable {
  public var name: String
  public var model: String
  /// Folders with `input_N.pb` and `output_N.pb`.
  public var dataSets: [String]
  /// Expected outputs beside a model without inputs on disk (`X_output_N.pb`): absent inputs are `arange(n) / n`.
  public var outputFiles: [String]

  /// All cases below a path: folders that hold `model.onnx`, and models with outputs beside them.
  public static func find(_ path: String) throws -> [ConformanceCase] {
    guard FileBytes.isFolder(path) else {
      return beside(path).map { [$0] } ?? []
    }
    let names = try FileBytes.names(inFolder: path)
    let label = path.split(separator: "/").last.map(String.init) ?? path
    if names.contains("model.onnx") {
      let sets = names.filter { $0.hasPrefix("test_data_set_") }.map { "\(path)/\($0)" }
      return [ConformanceCase(name: label, model: "\(path)/model.onnx", dataSets: sets, outputFiles: [])]
    }
    return try names.flatMap { name -> [ConformanceCase] in
      let child = "\(path)/\(name)"
      if FileBytes.isFolder(child) { return try find(child) }
      return name.hasSuffix(".onnx") ? beside(child).map { [$0] } ?? [] : []
    }
  }

  /// All cases below several paths; throws where there are none.
  public static func find(all paths: [String]) throws -> [ConformanceCase] {
    for path in paths where !FileBytes.exists(path) {
      throw ApusError(.missingFile, Problem(.fileMissing, "does not exist", file: path))
    }
    let cases = try paths.flatMap { try find($0) }
    guard !cases.isEmpty else { throw none(in: paths) }
    return cases
  }

  /// The error of a search that found nothing.
  public static func none(in paths: [String]) -> ApusError {
    ApusError(
      .missingFile, Problem(.fileMissing, "no test case found", file: paths.joined(separator: ", ")))
  }

  private static func beside(_ model: String) -> ConformanceCase? {
    let stem = String(model.dropLast(5))
    var files: [String] = []
    while FileBytes.exists("\(stem)_output_\(files.count).pb") {
      files.append("\(stem)_output_\(files.count).pb")
    }
    guard !files.isEmpty else { return nil }
    let name = stem.split(separator: "/").last.map(String.init) ?? stem
    return ConformanceCase(name: name, model: model, dataSets: [], outputFiles: files)
  }
}

/// What became of one case.
public struct ConformanceResult: Sendable, Codable {
  public enum Status: String, Sendable, Codable { case passed, failed, skipped }

  public var name: String
  public var status: Status
  /// `engine` or `reference`.
  public var path: String
  /// Tactics of the plan's steps.
  public var tactics: [String]
  /// Nodes that a plan for another device leaves to the host, with the reasons.
  public var host: [String] = []
  public var reason: String?
  /// What outputs were held to, where the case needs more than the tolerances that were asked for.
  public var tolerance: CaseTolerance?

  public init(name: String, status: Status, path: String, tactics: [String] = [], reason: String? = nil) {
    self.name = name
    self.status = status
    self.path = path
    self.tactics = tactics
    self.reason = reason
  }
}
