/// Applies rules until none fires, each node in topological order.
public struct RuleSet: Pass {
  public let name: String
  public let rules: [any Rule]
  private let byRoot: [String: [any Rule]]

  /// Sweeps after which a set that still changes something is stopped; rules that undo each other are a bug that
  /// tests find.
  static let maxSweeps = 50

  public init(_ name: String, _ rules: [any Rule]) {
    self.name = name
    self.rules = rules
    var table: [String: [any Rule]] = [:]
    for rule in rules {
      for root in Set(rule.patterns.flatMap(\.rootOperators)) { table[root, default: []].append(rule) }
    }
    byRoot = table
  }

  public func run(_ graph: inout Graph, _ context: PassContext) throws -> Int {
    let symbols = graph.symbolSource()
    var changes = 0
    for _ in 0..<Self.maxSweeps {
      var fired = 0
      for id in graph.topologicalOrder() ?? [] {
        while graph.contains(id), !context.isExhausted, try applyOne(at: id, &graph, symbols, context) {
          fired += 1
        }
      }
      changes += fired
      if fired == 0 || context.isExhausted { break }
      graph.removeDead()
    }
    return changes
  }

  private func applyOne(at id: NodeID, _ graph: inout Graph, _ symbols: SymbolSource, _ context: PassContext)
    throws -> Bool
  {
    guard isLive(id, graph) else { return false }
    for rule in byRoot[graph[id].opName] ?? [] {
      if try apply(rule, at: id, &graph, symbols, context) { return true }
    }
    return false
  }

  private func isLive(_ id: NodeID, _ graph: Graph) -> Bool {
    graph[id].outputs.contains { $0.map { !graph[$0].users.isEmpty || graph.isOutput($0) } ?? false }
  }

  private func apply<R: Rule>(
    _ rule: R, at id: NodeID, _ graph: inout Graph, _ symbols: SymbolSource, _ context: PassContext
  ) throws -> Bool {
    guard let (match, finding) = find(rule, at: id, graph, context) else { return false }
    let place = graph[id].name
    var patch = Patch(graph: graph, match: match, rule: rule.name, symbols: symbols)
    graph = Graph()
    defer { graph = patch.finish() }
    do { try rule.rewrite(match, finding, &patch) } catch {
      throw ApusError(
        .internal,
        Problem(
          .internalError, "rule \(rule.name) failed: \(error)", node: place,
          fix: "report it with the model; --stop-after names the step"))
    }
    context.fired(rule.name, at: place)
    return true
  }

  private func find<R: Rule>(_ rule: R, at id: NodeID, _ graph: Graph, _ context: PassContext) -> (
    Match, R.Finding
  )? {
    let matcher = PatternMatcher(graph: graph)
    for pattern in rule.patterns where pattern.rootOperators.contains(graph[id].opName) {
      do throws(Mismatch) {
        let match = try matcher.match(pattern, root: id)
        do throws(Refusal) { return (match, try rule.check(match, in: graph)) } catch {
          if context.explains {
            context.refused(rule.name, at: graph[id].name, error.reason, progress: match.matched.count)
          }
        }
      } catch {
        if context.explains {
          context.refused(rule.name, at: graph[id].name, error.reason, progress: error.progress)
        }
      }
    }
    return nil
  }
}
