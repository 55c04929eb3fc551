public import ApusCore

/// The readable part of an engine file: what it is, for whom, and where its sections lie.
public struct EngineHeader: Sendable, Codable {
  /// Version of the file format.
  public static let formatVersion = 2

  public struct Source: Sendable, Codable, Hashable {
    public var file: String
    /// XXH3-128 of the model file, in hexadecimal.
    public var digest: String
    public var producer: String
    public var opsets: [String: Int]

    public init(file: String, digest: String, producer: String = "", opsets: [String: Int] = [:]) {
      self.file = file
      self.digest = digest
      self.producer = producer
      self.opsets = opsets
    }
  }

  public struct Tensor: Sendable, Codable, Hashable {
    public var name: String
    public var type: ValueType

    public init(name: String, type: ValueType) {
      self.name = name
      self.type = type
    }
  }

  /// A plan in the file; its sections are `plan.N` and `packed.N`.
  public struct PlanEntry: Sendable, Codable, Hashable {
    public var target: PlanTarget
    public var steps: Int
    /// Bytes of activations at the shape the plan was tuned for.
    public var arenaBytes: Int

    public init(target: PlanTarget, steps: Int, arenaBytes: Int) {
      self.target = target
      self.steps = steps
      self.arenaBytes = arenaBytes
    }
  }

  public struct Section: Sendable, Codable, Hashable {
    public var name: String
    /// From the start of the file.
    public var offset: Int
    public var byteCount: Int
  }

  public var formatVersion = EngineHeader.formatVersion
  public var apusVersion: String
  public var name: String
  public var source: Source
  public var inputs: [Tensor]
  public var outputs: [Tensor]
  public var plans: [PlanEntry]
  /// False for an engine written with `--lean`, which keeps no portable graph.
  public var portable: Bool
  /// Anything else that belongs to the engine: labels, pre-processing, options it was built with.
  public var metadata: [String: String]
  /// Plugins that the engine was built with; others of the same names are refused.
  public var plugins: [PluginStamp]?
  public var sections: [Section] = []

  public init(
    apusVersion: String, name: String, source: Source, inputs: [Tensor], outputs: [Tensor],
    plans: [PlanEntry],
    portable: Bool, metadata: [String: String] = [:], plugins: [PluginStamp]? = nil
  ) {
    self.apusVersion = apusVersion
    self.name = name
    self.source = source
    self.inputs = inputs
    self.outputs = outputs
    self.plans = plans
    self.portable = portable
    self.metadata = metadata
    self.plugins = plugins
  }
}

/// Fixed numbers of the file format; see `Docs/EngineFile.md`.
enum EngineFormat {
  static let magic: [UInt8] = Array("APUSENG\n".utf8)
  /// Magic, format version, header length, total length: all little-endian.
  static let preambleBytes = 64
  static let sectionAlignment = 4096
  static let tensorAlignment = 64
  /// Bytes that one checksum covers.
  static let chunkBytes = 1 << 20
  /// Checksum of the table, XXH3-128 of all before it, checksum of the footer itself.
  static let footerBytes = 64

  static func aligned(_ offset: Int, to alignment: Int) -> Int {
    (offset + alignment - 1) / alignment * alignment
  }
}
