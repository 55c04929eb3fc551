public import ApusCore

/// A model as the rest of Apus takes it.
public struct ImportedModel: Sendable {
  public var graph: Graph
  /// Names of the outputs as the model has them, one for each of `graph.outputs`. They equal the names of the values but
  /// where the model names one output twice or has an input as an output.
  public var outputNames: [String]
  public var metadata: ModelMetadata
  /// What is against the rules but could be understood.
  public var notes: [Problem]
}

/// What a model says about itself.
public struct ModelMetadata: Sendable, Hashable, Codable {
  public var producerName = ""
  public var producerVersion = ""
  public var domain = ""
  public var modelVersion = 0
  public var documentation = ""
  public var irVersion = 0
  /// Versions of the operator sets by domain; "" is the default domain.
  public var opsets: [String: Int] = [:]
  public var properties: [String: String] = [:]
  /// The model's own file and those of its external data, as read.
  public var files: [String] = []
}

/// Choices for an import.
public struct ImportOptions: Sendable {
  /// Shapes that inputs are to have, by name. A symbol that is given a size this way has it throughout the model.
  public var fixedShapes: [String: [Int]]
  /// Plugins that nodes may name by their type, in any domain.
  public var plugins: PluginRegistry?
  /// Seed of the floating-point weights that a file without weights leaves out; nil: they are missing.
  public var randomWeights: UInt64?

  public init(
    fixedShapes: [String: [Int]] = [:], plugins: PluginRegistry? = nil, randomWeights: UInt64? = nil
  ) {
    self.fixedShapes = fixedShapes
    self.plugins = plugins
    self.randomWeights = randomWeights
  }
}
