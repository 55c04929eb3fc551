public import ApusCore
public import ApusEngine

/// The first step of a plan whose result differs from what another plan of the same model computes under that name.
public struct FirstDifference: Sendable, Codable {
  /// Node of the plan that is checked.
  public var node: String
  public var operatorName: String
  /// Nodes of the source model whose work it does.
  public var sources: [String]
  public var tensor: Comparison

  /// nil where no tensor that both plans compute differs.
  public static func find(
    expected: ExecutablePlan, actual: ExecutablePlan, _ inputs: [String: Value], rtol: Double, atol: Double
  ) throws -> FirstDifference? {
    let known = Set(expected.plan.taps.map(\.name) + expected.plan.outputNames)
    let taps = actual.plan.taps.filter { known.contains($0.name) }
    let shared = Set(taps.map(\.name))
    let left = try run(expected.tapped(expected.plan.taps.filter { shared.contains($0.name) }), inputs)
    let right = try run(actual.tapped(taps), inputs)
    let results = taps.map { ($0.name, $0.step) } + actual.plan.finalSteps
    for (name, step) in results.sorted(by: { $0.1 < $1.1 }) {
      guard let e = left[name], let a = right[name] else { continue }
      let comparison = Comparison(name, actual: a, expected: e, rtol: rtol, atol: atol)
      // Inside a network single elements near zero differ by rounding alone.
      guard !comparison.isWithin, !(comparison.maxRelative <= rtol) else { continue }
      let found = actual.plan.steps[step]
      return FirstDifference(
        node: found.name, operatorName: found.operatorName, sources: found.sources, tensor: comparison)
    }
    return nil
  }

  /// All results by the names of the model's tensors, in logical order.
  private static func run(_ executable: ExecutablePlan, _ inputs: [String: Value]) throws -> [String: Tensor]
  {
    let results = try Session(executable).run(values: inputs)
    var tensors: [String: Tensor] = [:]
    for index in executable.plan.outputs {
      let value = executable.plan.values[index]
      tensors[value.baseName] = results[value.name]?.tensor?.logical(from: value.layout)
    }
    return tensors
  }
}

extension Plan {
  fileprivate var outputNames: [String] { outputs.map { values[$0].baseName } }

  /// Outputs by name with the step that computes each.
  fileprivate var finalSteps: [(String, Int)] {
    outputs.compactMap { output in
      steps.lastIndex { $0.outputs.contains(output) }.map { (values[output].baseName, $0) }
    }
  }
}

extension Tensor {
  /// The elements in logical order, from the order of a layout.
  fileprivate func logical(from layout: Layout) -> Tensor {
    let order = layout.order(rank: rank)
    guard order != Array(0..<rank) else { return self }
    let strides = layout.strides(of: shape)
    let elements = doubles()
    var sorted: [Double] = []
    sorted.reserveCapacity(elements.count)
    forEachIndex(shape) { index in sorted.append(elements[zip(index, strides).reduce(0) { $0 + $1.0 * $1.1 }])
    }
    return Tensor(doubles: sorted, dtype, shape)
  }
}
