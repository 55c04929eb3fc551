public import ApusCore
import ApusOperators

/// Lets a Conv, ConvTranspose or Linear apply the function that follows it.
///
/// ```
/// %c = Conv(%x, %w, %b)
/// %y = Relu(%c)
/// ```
/// becomes
/// ```
/// %y = Conv(%x, %w, %b) {activation: {kind: "relu"}}
/// ```
public struct FuseActivation: Rule {
  public struct Finding {
    let contraction: Contraction
    let activation: Activation
  }

  public init() {}

  public var patterns: [Pattern] {
    let contraction = Pattern.anyOf(Contraction.operators, "x", shared: true)
    return [
      .anyOf(
        [
          Relu.self, Sigmoid.self, Tanh.self, Swish.self, HardSwish.self, Gelu.self, Mish.self, Softplus.self,
          LeakyRelu.self, Elu.self, HardSigmoid.self,
        ], "function", [contraction]),
      .op(Clip.self, "function", [contraction, .optional(.constant("low")), .optional(.constant("high"))]),
    ]
  }

  public func check(_ match: Match, in graph: Graph) throws(Refusal) -> Finding {
    let contraction = try Contraction(match.value("x"), in: graph)
    guard contraction.activation.kind == .none else {
      throw Refusal("'\(contraction.node.name)' already ends in \(contraction.activation.kind)")
    }
    let node = graph[match.node("function")]
    let bounds = (graph.scalar(match.optional("low")), graph.scalar(match.optional("high")))
    guard let activation = Activation(node.op, low: bounds.0, high: bounds.1) else {
      throw Refusal("no activation is \(node.opName) with these parameters")
    }
    return Finding(contraction: contraction, activation: activation)
  }

  public func rewrite(_ match: Match, _ finding: Finding, _ patch: inout Patch) throws {
    try finding.contraction.replace(match.value("function"), activation: finding.activation, &patch)
  }
}

extension Activation {
  /// What a unary operator computes; nil where no activation does. `low` and `high` are the bounds of Clip.
  init?(_ op: any Operator, low: Double?, high: Double?) {
    switch op {
    case is Relu: self = .relu
    case is Sigmoid: self.init(.sigmoid)
    case is Tanh: self.init(.tanh)
    case let op as Swish where op.alpha == 1: self.init(.silu)
    case is HardSwish: self.init(.hardSwish)
    case let op as Gelu: self.init(op.approximate == .tanh ? .geluTanh : .gelu)
    case is Mish: self.init(.mish)
    case is Softplus: self.init(.softplus)
    case let op as LeakyRelu: self.init(.leakyRelu, alpha: op.alpha)
    case let op as Elu: self.init(.elu, alpha: op.alpha)
    case let op as HardSigmoid: self.init(.hardSigmoid, alpha: op.alpha, beta: op.beta)
    case is Clip:
      let largest = Double(Float.greatestFiniteMagnitude)
      let bounds = (low: max(low ?? -largest, -largest), high: min(high ?? largest, largest))
      guard bounds.low <= bounds.high else { return nil }
      self = bounds == (0, largest) ? .relu : Activation(.clip, alpha: bounds.low, beta: bounds.high)
    default: return nil
    }
  }
}
