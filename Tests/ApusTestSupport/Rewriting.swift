public import ApusCore
import ApusOperators

/// What is wrong with a rewrite, or nil: `pass` must turn `before` into `after`, and both must compute the same from
/// random inputs, every symbol standing for 2 unless `sizes` says otherwise.
public func rewriteFault(
  _ pass: any Pass, before: String, after: String, sizes: [String: Int] = [:]
) throws -> String? {
  let original = try parsed(before)
  var rewritten = original
  let context = PassContext()
  _ = try pass.run(&rewritten, context)
  rewritten.removeDead()
  if let problem = rewritten.verifyTypes().first { return "the rewritten graph is broken: \(problem)" }
  var comparison = GraphComparison(rewritten, try parsed(after))
  if let fault = comparison.fault() { return "\(fault), in\n\(rewritten)" }
  return try numericFault(original, rewritten, sizes: sizes)
}

/// The same for a rule, applied until it fires no more.
public func rewriteFault(
  _ rule: any Rule, before: String, after: String, sizes: [String: Int] = [:]
) throws -> String? {
  try rewriteFault(RuleSet("test", [rule]), before: before, after: after, sizes: sizes)
}

/// What is wrong with a refusal, or nil: `rule` must leave `graph` alone, with a reason that contains `reason`.
public func refusalFault(_ rule: any Rule, graph text: String, reason: String) throws -> String? {
  var graph = try parsed(text)
  let context = PassContext(explains: true)
  _ = try RuleSet("test", [rule]).run(&graph, context)
  guard context.firings.isEmpty else { return "the rule fired: \(graph)" }
  let reasons = context.refusals.map(\.reason)
  return reasons.contains { $0.contains(reason) } ? nil : "the reasons are \(reasons)"
}

/// Where two graphs with the same inputs compute different results, or nil.
public func numericFault(_ a: Graph, _ b: Graph, sizes: [String: Int] = [:], seed: UInt64 = 11) throws
  -> String?
{
  var generator = Xoshiro256(seed: seed)
  let inputs = a.inputs.map { id -> Value in
    let type = a[id].type.tensor ?? TensorType(.f32, [])
    let shape = (type.shape ?? []).map { dim in
      dim.evaluate(Dictionary(dim.symbols.map { ($0, sizes[$0] ?? 2) }) { first, _ in first }) ?? 2
    }
    return .tensor(Tensor.random(type.dtype, shape, using: &generator))
  }
  let expected = try GraphInterpreter(a).run(inputs)
  let actual = try GraphInterpreter(b).run(inputs)
  for (index, (x, y)) in zip(actual, expected).enumerated() {
    guard let x = x.tensor, let y = y.tensor else { return "output \(index) is no tensor" }
    guard x.type == y.type else { return "output \(index) is \(x.type), expected \(y.type)" }
    if let place = zip(x.doubles(), y.doubles()).enumerated().first(where: { !isClose($1.0, $1.1) }) {
      return "output \(index), element \(place.offset): \(place.element.0), expected \(place.element.1)"
    }
  }
  return nil
}

/// A graph from its text, with types inferred.
public func parsed(_ text: String) throws -> Graph {
  var graph = try GraphParser.parse(text, catalogue: .standard)
  let problems = graph.inferTypes()
  guard problems.isEmpty else { throw ApusError(.invalidModel, problems) }
  return graph
}
