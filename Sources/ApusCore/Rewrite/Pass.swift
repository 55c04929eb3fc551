/// A step over the whole graph.
public protocol Pass: Sendable {
  var name: String { get }

  /// Changes the graph; returns how many changes were made.
  func run(_ graph: inout Graph, _ context: PassContext) throws -> Int
}

extension Pass {
  public var name: String { String(describing: Self.self) }
}

/// What happened while passes ran, and how far they may go.
public final class PassContext {
  /// One rewrite that happened.
  public struct Firing: Sendable, Codable, Hashable {
    public let pass: String
    public let rule: String
    public let node: String
  }

  /// One rewrite that a rule refused.
  public struct RefusedMatch: Sendable, Codable, Hashable {
    public let rule: String
    public let node: String
    public let reason: String
    /// Nodes that matched before the reason arose.
    public let progress: Int
  }

  public private(set) var firings: [Firing] = []
  public private(set) var refusals: [RefusedMatch] = []
  /// Rewrites stop for good after this many, for bisecting.
  public let stopAfter: Int
  /// Whether partial matches are recorded (`apus explain`).
  public let explains: Bool
  public var currentPass = ""

  public init(stopAfter: Int = .max, explains: Bool = false) {
    self.stopAfter = stopAfter
    self.explains = explains
  }

  public var isExhausted: Bool { firings.count >= stopAfter }

  public func fired(_ rule: String, at node: String) {
    firings.append(Firing(pass: currentPass, rule: rule, node: node))
  }

  public func refused(_ rule: String, at node: String, _ reason: String, progress: Int) {
    refusals.append(RefusedMatch(rule: rule, node: node, reason: reason, progress: progress))
  }
}
