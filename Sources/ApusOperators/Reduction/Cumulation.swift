import ApusCore

/// Running totals along the axis in input 1.
protocol Cumulation: Operator {
  /// Whether an element is left out of its own total.
  var exclusive: Bool { get set }
  /// Whether totals run from the end.
  var reverse: Bool { get set }
  static func combine(_ a: Double, _ b: Double) -> Double
  static func combine(_ a: Int64, _ b: Int64) -> Int64
  /// The total of nothing.
  static var neutral: Int { get }
}

extension Cumulation {
  static func importers(since: Int) -> [Importer] {
    [
      .onnx(name, since: since) { node in
        var op = Self()
        op.exclusive = try node.bool("exclusive", default: false)
        op.reverse = try node.bool("reverse", default: false)
        return op
      }
    ]
  }

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    let (x, axis) = (try context.tensor(0), try context.tensor(1))
    try ElementTypes.numbers.check(x.dtype)
    try ElementTypes.integers.check(axis.dtype, "the axis")
    if let rank = x.rank, let axis = context.integers(1)?.first { _ = try normalizedAxis(axis, rank: rank) }
    return [.tensor(x)]
  }

  public func propagate(_ context: InferenceContext) -> [Contents?] { evaluatedContents(context) }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let x = try operands.tensor(0, .numbers)
    guard let number = try operands.tensor(1).integers().first else {
      throw OperatorError(.shapeMismatch, "the axis is empty")
    }
    let split = AxisSplit(x.shape, axis: try normalizedAxis(Int(clamping: number), rank: x.rank))
    if x.dtype.isInteger {
      let totals = run(x.integers(), split, Int64(Self.neutral), Self.combine)
      return [.tensor(Tensor(integers: totals, x.dtype, x.shape))]
    }
    let totals = run(x.doubles(), split, Double(Self.neutral), Self.combine)
    return [.tensor(Tensor(doubles: totals, x.dtype, x.shape))]
  }

  private func run<T>(_ x: [T], _ split: AxisSplit, _ neutral: T, _ combine: (T, T) -> T) -> [T] {
    var totals = x
    for outer in 0..<split.outer {
      for inner in 0..<split.inner {
        var total = neutral
        for step in 0..<split.size {
          let index = reverse ? split.size - 1 - step : step
          let position = (outer * split.size + index) * split.inner + inner
          let next = combine(total, x[position])
          totals[position] = exclusive ? total : next
          total = next
        }
      }
    }
    return totals
  }
}
