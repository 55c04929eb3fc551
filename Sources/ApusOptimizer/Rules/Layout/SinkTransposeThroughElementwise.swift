public import ApusCore
import ApusOperators

/// Computes element by element before transposing.
///
/// ```
/// %t = Transpose(%x) {permutation: [0, 2, 3, 1]}
/// %y = Add(%t, %k)
/// ```
/// becomes
/// ```
/// %s = Add(%x, %k')
/// %y = Transpose(%s) {permutation: [0, 2, 3, 1]}
/// ```
/// where `k'` is the constant with its axes put back. Several transposed inputs must be transposed alike.
/// Others may read a transposed input if they let transposes pass as well.
public struct SinkTransposeThroughElementwise: Rule {
  /// What the node reads instead of each input.
  enum Source {
    case value(ValueID?)
    case constant(Tensor, String)
  }

  public struct Finding {
    let axes: [Int]
    let inputs: [Source]
    let nodes: [NodeID]
  }

  public init() {}

  static let operators: [any Operator.Type] = [
    Abs.self, Add.self, Cast.self, Clip.self, Div.self, Elu.self, Erf.self, Exp.self, Floor.self, Gelu.self,
    HardSigmoid.self, HardSwish.self, LeakyRelu.self, Log.self, Max.self, Min.self, Mish.self, Mul.self,
    Neg.self,
    PRelu.self, Pow.self, Reciprocal.self, Relu.self, Sigmoid.self, Softplus.self, Sqrt.self, Sub.self,
    Swish.self,
    Tanh.self,
  ]

  public var patterns: [Pattern] { [.anyOf(Self.operators, "y")] }

  public func check(_ match: Match, in graph: Graph) throws(Refusal) -> Finding {
    let node = graph[match.node("y")]
    guard let rank = graph.shape(match.value("y"))?.count else { throw Refusal("the rank is unknown") }
    var axes: [Int]?
    var transposes: [NodeID] = []
    for input in node.inputs {
      guard let input, let (transpose, order) = graph.passingTranspose(input) else { continue }
      guard order.count == rank, axes == nil || axes == order else {
        throw Refusal("the inputs are transposed differently")
      }
      axes = order
      transposes.append(transpose.id)
    }
    guard let axes else { throw Refusal("no input is a Transpose that all its readers let pass") }
    var inputs: [Source] = []
    for input in node.inputs { inputs.append(try source(input, axes, transposes, in: graph)) }
    return Finding(axes: axes, inputs: inputs, nodes: transposes)
  }

  private func source(_ input: ValueID?, _ axes: [Int], _ transposes: [NodeID], in graph: Graph)
    throws(Refusal) -> Source
  {
    guard let input else { return .value(nil) }
    if let node = graph.producer(of: input), transposes.contains(node.id) { return .value(node.inputs[0]) }
    guard let tensor = graph[input].constant else {
      throw Refusal("'\(graph[input].name)' is not transposed")
    }
    if tensor.elementCount == 1 { return .constant(tensor.reshaped([]), graph[input].name) }
    guard tensor.rank <= axes.count else { throw Refusal("a constant has more axes than the result") }
    let wide = tensor.reshaped([Int](repeating: 1, count: axes.count - tensor.rank) + tensor.shape)
    let inverse = axes.indices.map { axis in axes.firstIndex(of: axis) ?? axis }
    guard let moved = try? Transpose(inverse).evaluate(Operands([wide])).first?.tensor else {
      throw Refusal("a constant cannot be transposed")
    }
    return .constant(moved, graph[input].name)
  }

  public func rewrite(_ match: Match, _ finding: Finding, _ patch: inout Patch) throws {
    patch.absorb(finding.nodes)
    let inputs = finding.inputs.map { source -> ValueID? in
      switch source {
      case .value(let value): value
      case .constant(let tensor, let name): patch.constant(tensor, name: name)
      }
    }
    let result = try patch.add(patch.graph[match.node("y")].op, inputs)
    patch.replace(match.value("y"), with: try patch.add(Transpose(finding.axes), [result]))
  }
}
