public import ApusCore
import ApusOperators

extension Network {
  /// Element-wise functions of one input.
  public enum Activation: Sendable {
    case relu, sigmoid, tanh, elu, gelu, silu, hardSwish
    case leakyRelu(slope: Double)
    case clip(low: Double, high: Double)
  }

  public enum Elementwise: Sendable { case sum, difference, product, quotient, minimum, maximum, power }

  public enum Pooling: Sendable { case maximum, average }

  /// Convolution of `[n, c, spatial…]` by `[m, c / groups, kernel…]`, with an optional bias `[m]`.
  public mutating func addConvolution(
    _ x: Value, weights: Tensor, bias: Tensor? = nil, stride: [Int] = [], padding: [Int] = [],
    dilation: [Int] = [], groups: Int = 1, name: String = ""
  ) throws -> Value {
    var op = Conv()
    (op.strides, op.dilations, op.group) = (stride, dilation, groups)
    op.pads = padding.isEmpty ? [] : padding + padding
    var inputs = [x, addConstant(weights)]
    if let bias { inputs.append(addConstant(bias)) }
    return try add(op, inputs, name: name)[0]
  }

  public mutating func addActivation(_ x: Value, _ activation: Activation, name: String = "") throws -> Value
  {
    let op: any ApusCore.Operator
    switch activation {
    case .relu: op = Relu()
    case .sigmoid: op = Sigmoid()
    case .tanh: op = Tanh()
    case .elu: op = Elu()
    case .gelu: op = Gelu()
    case .silu: op = Swish()
    case .hardSwish: op = HardSwish()
    case .leakyRelu(let slope):
      var leaky = LeakyRelu()
      leaky.alpha = slope
      op = leaky
    case .clip(let low, let high):
      let dtype = type(of: x).tensor?.dtype ?? .f32
      let bounds = [low, high].map { addConstant(Tensor(doubles: [$0], dtype, [])) }
      return try add(Clip(), [x] + bounds, name: name)[0]
    }
    return try add(op, [x], name: name)[0]
  }

  /// Element by element, with broadcasting.
  public mutating func addElementwise(_ a: Value, _ b: Value, _ operation: Elementwise, name: String = "")
    throws -> Value
  {
    let op: any ApusCore.Operator =
      switch operation {
      case .sum: Add()
      case .difference: Sub()
      case .product: Mul()
      case .quotient: Div()
      case .minimum: Min()
      case .maximum: Max()
      case .power: Pow()
      }
    return try add(op, [a, b], name: name)[0]
  }

  /// Joins along an axis; by default the channels, as detection heads need.
  public mutating func addConcatenation(_ values: [Value], axis: Int = 1, name: String = "") throws -> Value {
    try add(Concat(axis: axis), values, name: name)[0]
  }

  public mutating func addPooling(
    _ x: Value, _ kind: Pooling, window: [Int], stride: [Int] = [], padding: [Int] = [], name: String = ""
  ) throws -> Value {
    let pads = padding.isEmpty ? [] : padding + padding
    switch kind {
    case .maximum:
      var op = MaxPool()
      (op.kernelShape, op.strides, op.pads) = (window, stride, pads)
      return try add(op, [x], name: name)[0]
    case .average:
      var op = AveragePool()
      (op.kernelShape, op.strides, op.pads) = (window, stride, pads)
      return try add(op, [x], name: name)[0]
    }
  }

  /// Product of the last two axes.
  public mutating func addMatrixMultiply(_ a: Value, _ b: Value, name: String = "") throws -> Value {
    try add(MatMul(), [a, b], name: name)[0]
  }

  public mutating func addSoftmax(_ x: Value, axis: Int = -1, name: String = "") throws -> Value {
    var op = Softmax()
    op.axis = axis
    return try add(op, [x], name: name)[0]
  }

  /// Another shape of the same elements; -1 is what is left, 0 the size at that place.
  public mutating func addReshape(_ x: Value, _ shape: [Int], name: String = "") throws -> Value {
    try add(Reshape(), [x, addConstant(Tensor(shape.map { Int64($0) }))], name: name)[0]
  }

  /// Another order of the axes.
  public mutating func addTranspose(_ x: Value, _ order: [Int], name: String = "") throws -> Value {
    var op = Transpose()
    op.permutation = order
    return try add(op, [x], name: name)[0]
  }
}
