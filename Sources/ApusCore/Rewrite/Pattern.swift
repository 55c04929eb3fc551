/// The shape of a subgraph that a rule looks for, written from its result towards its inputs.
///
/// ```swift
/// .op(Mul.self, "mul", [.value("x"), .op(Sigmoid.self, "sigmoid", [.value("x")])], commutative: true)
/// ```
/// The same name twice must mean the same value. Inner nodes must have no reader outside the match, unless `shared`.
public indirect enum Pattern: Sendable {
  /// Any value, bound to a name.
  case value(String)
  /// A constant value, bound to a name.
  case constant(String)
  /// An optional input that is left out.
  case absent
  /// An input that may be left out; bound when present.
  case optional(Pattern)
  /// Either of several patterns, the first that matches.
  case either([Pattern])
  /// A node, by the first of its outputs unless said otherwise.
  case node(NodePattern)

  public struct NodePattern: Sendable {
    public var operators: Set<String>
    public var binding: String
    /// nil: inputs are not looked at. Trailing absent inputs may be left out of the list.
    public var inputs: [Pattern]?
    public var commutative: Bool
    public var shared: Bool
    public var output: Int
  }

  public static func op(
    _ type: any Operator.Type, _ binding: String = "", _ inputs: [Pattern]? = nil, commutative: Bool = false,
    shared: Bool = false, output: Int = 0
  ) -> Pattern {
    .anyOf([type], binding, inputs, commutative: commutative, shared: shared, output: output)
  }

  /// A node of one of several operators.
  public static func anyOf(
    _ types: [any Operator.Type], _ binding: String = "", _ inputs: [Pattern]? = nil,
    commutative: Bool = false,
    shared: Bool = false, output: Int = 0
  ) -> Pattern {
    .node(
      NodePattern(
        operators: Set(types.map { $0.name }), binding: binding, inputs: inputs, commutative: commutative,
        shared: shared, output: output))
  }

  /// Operators that the root of the pattern can be.
  public var rootOperators: Set<String> {
    switch self {
    case .node(let node): node.operators
    case .either(let patterns): patterns.reduce(into: []) { $0.formUnion($1.rootOperators) }
    case .optional(let pattern): pattern.rootOperators
    default: []
    }
  }
}

/// What a pattern found.
public struct Match: Sendable {
  public let root: NodeID
  public fileprivate(set) var values: [String: ValueID] = [:]
  public fileprivate(set) var nodes: [String: NodeID] = [:]
  /// All nodes of the match, the root first.
  public fileprivate(set) var matched: [NodeID] = []
  fileprivate var internalOnly: Set<NodeID> = []

  /// The value bound to `name`; asking for a name that the pattern lacks is an error of the rule.
  public func value(_ name: String) -> ValueID {
    guard let value = values[name] else { preconditionFailure("the pattern binds no value '\(name)'") }
    return value
  }

  /// The value bound to `name`; nil where an optional part of the pattern is absent.
  public func optional(_ name: String) -> ValueID? { values[name] }

  public func node(_ name: String) -> NodeID {
    guard let node = nodes[name] else { preconditionFailure("the pattern binds no node '\(name)'") }
    return node
  }
}

/// How far a match came, and why it went no further.
public struct Mismatch: Error, Sendable {
  /// Nodes that did match.
  public let progress: Int
  public let reason: String
}

/// Matches patterns against a graph.
struct PatternMatcher {
  let graph: Graph

  func match(_ pattern: Pattern, root: NodeID) throws(Mismatch) -> Match {
    var match = Match(root: root)
    let node = graph[root]
    guard let output = node.outputs.compactMap({ $0 }).first else {
      throw Mismatch(progress: 0, reason: "no outputs")
    }
    try visit(pattern, output, &match, isRoot: true)
    let inside = Set(match.matched)
    for id in match.internalOnly {
      for case let output? in graph[id].outputs {
        if graph.isOutput(output) {
          throw fail(match, "value '\(graph[output].name)' is an output of the graph")
        }
        if let other = graph[output].users.first(where: { !inside.contains($0) }) {
          throw fail(
            match,
            "value '\(graph[output].name)' is also read by '\(graph[other].name)' (\(graph[other].opName))")
        }
      }
    }
    return match
  }

  private func fail(_ match: Match, _ reason: String) -> Mismatch {
    Mismatch(progress: match.matched.count, reason: reason)
  }

  private func visit(_ pattern: Pattern, _ value: ValueID?, _ match: inout Match, isRoot: Bool = false)
    throws(Mismatch)
  {
    switch pattern {
    case .absent:
      if value != nil { throw fail(match, "an optional input is present") }
    case .optional(let inner):
      if let value { try visit(inner, value, &match) }
    case .value(let name):
      guard let value else { throw fail(match, "input '\(name)' is absent") }
      try bind(name, value, &match)
    case .constant(let name):
      guard let value, graph[value].constant != nil else {
        throw fail(match, "input '\(name)' is no constant")
      }
      try bind(name, value, &match)
    case .either(let patterns):
      var best = fail(match, "no alternative matched")
      for pattern in patterns {
        var attempt = match
        do throws(Mismatch) {
          try visit(pattern, value, &attempt, isRoot: isRoot)
          match = attempt
          return
        } catch {
          if error.progress >= best.progress { best = error }
        }
      }
      throw best
    case .node(let wanted):
      try visit(wanted, value, &match, isRoot: isRoot)
    }
  }

  private func visit(_ wanted: Pattern.NodePattern, _ value: ValueID?, _ match: inout Match, isRoot: Bool)
    throws(Mismatch)
  {
    let names = wanted.operators.sorted().joined(separator: "|")
    guard let value else { throw fail(match, "expected \(names), the input is absent") }
    guard let producer = graph[value].producer else {
      throw fail(match, "expected \(names), '\(graph[value].name)' is an input or constant")
    }
    let node = graph[producer.node]
    guard wanted.operators.contains(node.opName) else {
      throw fail(match, "expected \(names), found \(node.opName) ('\(node.name)')")
    }
    guard isRoot || producer.output == wanted.output else {
      throw fail(match, "another output of \(node.opName) is read")
    }
    if !wanted.binding.isEmpty {
      if let bound = match.nodes[wanted.binding], bound != node.id {
        throw fail(match, "'\(wanted.binding)' is two nodes")
      }
      match.nodes[wanted.binding] = node.id
      match.values[wanted.binding] = match.values[wanted.binding] ?? value
    }
    if !match.matched.contains(node.id) { match.matched.append(node.id) }
    if !isRoot && !wanted.shared { match.internalOnly.insert(node.id) }
    guard let patterns = wanted.inputs else { return }
    guard wanted.commutative, patterns.count == 2, node.inputs.count == 2 else {
      return try visitInputs(patterns, node.inputs, &match)
    }
    var attempt = match
    do throws(Mismatch) {
      try visitInputs(patterns, node.inputs, &attempt)
      match = attempt
    } catch let first {
      do throws(Mismatch) { try visitInputs(patterns, node.inputs.reversed(), &match) } catch let second {
        throw first.progress >= second.progress ? first : second
      }
    }
  }

  private func visitInputs(_ patterns: [Pattern], _ inputs: [ValueID?], _ match: inout Match) throws(Mismatch)
  {
    for index in 0..<max(patterns.count, inputs.count) {
      let input = index < inputs.count ? inputs[index] : nil
      try visit(index < patterns.count ? patterns[index] : .absent, input, &match)
    }
  }

  private func bind(_ name: String, _ value: ValueID, _ match: inout Match) throws(Mismatch) {
    if let bound = match.values[name], bound != value {
      throw fail(match, "'\(name)' stands for two different values")
    }
    match.values[name] = value
  }
}
