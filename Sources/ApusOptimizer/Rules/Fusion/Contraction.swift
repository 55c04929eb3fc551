import ApusCore
import ApusOperators

/// A node that multiplies by constant weights and can finish with a bias, a residual and an activation: Conv,
/// ConvTranspose or Linear.
struct Contraction {
  static let operators: [any Operator.Type] = [Conv.self, ConvTranspose.self, Linear.self]

  let node: Graph.Node
  let output: ValueID
  let weight: Tensor
  let bias: Tensor?
  let activation: Activation
  /// Output channels.
  let channels: Int
  /// Axis of the output that the channels are.
  let channelAxis: Int
  let rank: Int

  /// Reads the node behind `value`; refuses when it is no contraction that only the match reads.
  init(_ value: ValueID, in graph: Graph) throws(Refusal) {
    guard let node = graph.producer(of: value) else {
      throw Refusal("'\(graph[value].name)' is not computed")
    }
    guard let rank = graph[value].type.tensor?.rank else { throw Refusal("the rank is unknown") }
    guard graph.soleUser(of: value) != nil else {
      throw Refusal("'\(graph[value].name)' has other readers")
    }
    switch node.op {
    case let op as Conv: (activation, channelAxis) = (op.activation, 1)
    case let op as ConvTranspose: (activation, channelAxis) = (op.activation, 1)
    case let op as Linear: (activation, channelAxis) = (op.activation, rank - 1)
    default: throw Refusal("\(node.opName) takes no epilogue")
    }
    guard node.inputs.count > 1, let weight = graph.constant(node.inputs[1]) else {
      throw Refusal("the weights of '\(node.name)' are computed")
    }
    switch node.op {
    case let op as ConvTranspose: channels = weight.shape[1] * op.group
    case is Linear: channels = weight.shape[1]
    default: channels = weight.shape[0]
    }
    let biasID = node.inputs.count > 2 ? node.inputs[2] : nil
    bias = graph.constant(biasID)
    guard (biasID == nil) == (bias == nil) else { throw Refusal("the bias of '\(node.name)' is computed") }
    self.node = node
    self.rank = rank
    self.weight = weight
    output = value
  }

  var residual: ValueID? { node.inputs.count > 3 ? node.inputs[3] : nil }
  var takesResidual: Bool { !(node.op is ConvTranspose) }

  /// Refuses where nothing may be changed in the weights or the bias any more.
  func checkIsLinear() throws(Refusal) {
    guard activation.kind == .none else { throw Refusal("'\(node.name)' already ends in \(activation.kind)") }
    guard residual == nil else { throw Refusal("'\(node.name)' already adds a residual") }
  }

  /// One number a channel from a constant that broadcasts to the output.
  func perChannel(_ constant: Tensor) throws(Refusal) -> [Double] {
    guard constant.rank <= rank else {
      throw Refusal("the constant \(constant.shape) has more axes than the result")
    }
    let axis = channelAxis - (rank - constant.rank)
    for (place, size) in constant.shape.enumerated() where size != 1 && !(place == axis && size == channels) {
      throw Refusal("the constant \(constant.shape) differs within a channel")
    }
    guard constant.elementCount > 0 else { throw Refusal("the constant is empty") }
    let numbers = constant.doubles()
    return numbers.count == 1 ? [Double](repeating: numbers[0], count: channels) : numbers
  }

  var biasNumbers: [Double] { bias?.doubles() ?? [Double](repeating: 0, count: channels) }

  /// The weights with each output channel multiplied by its factor, computed in double precision.
  func weight(scaledBy factors: [Double]) -> Tensor {
    var numbers = weight.doubles()
    switch node.op {
    case let op as ConvTranspose:
      let (inputs, each) = (weight.shape[0], weight.shape[1])
      let taps = weight.shape[2...].reduce(1, *)
      for index in numbers.indices {
        let group = index / (each * taps) / max(inputs / op.group, 1)
        numbers[index] *= factors[group * each + index / taps % each]
      }
    case is Linear:
      for index in numbers.indices { numbers[index] *= factors[index % channels] }
    default:
      let run = numbers.count / max(channels, 1)
      for index in numbers.indices { numbers[index] *= factors[index / run] }
    }
    return Tensor(doubles: numbers, weight.dtype, weight.shape)
  }

  /// The operator with another activation.
  func op(_ activation: Activation) -> any Operator {
    switch node.op {
    case var op as ConvTranspose:
      op.activation = activation
      return op
    case var op as Linear:
      op.activation = activation
      return op
    case var op as Conv:
      op.activation = activation
      return op
    default: return node.op
    }
  }

  /// Input `index`, nil where absent.
  func input(_ index: Int) -> ValueID? { index < node.inputs.count ? node.inputs[index] : nil }

  /// Puts a changed copy of the node in the place of `old`.
  ///
  /// - Parameters:
  ///   - weight: nil: as before.
  ///   - bias: One number a channel; nil: as before.
  func replace(
    _ old: ValueID, weight newWeight: Tensor? = nil, bias newBias: [Double]? = nil, residual: ValueID? = nil,
    activation: Activation? = nil, _ patch: inout Patch
  ) throws {
    patch.absorb([node.id])
    var inputs = [
      input(0),
      newWeight.map { patch.constant($0, name: patch.graph[node.inputs[1] ?? output].name) } ?? input(1),
      newBias.map { patch.constant(Tensor(doubles: $0, weight.dtype, [channels]), name: node.name + ".bias") }
        ?? input(2), residual ?? self.residual,
    ]
    while inputs.last == .some(nil) { inputs.removeLast() }
    let result = try patch.add(op(activation ?? self.activation), inputs, name: node.name)
    patch.replace(old, with: result)
  }
}
