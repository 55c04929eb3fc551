public import ApusCore

/// Discrete Fourier transform along one axis of a real `[…, 1]` or complex `[…, 2]` signal.
///
/// Inputs: signal, optional length (the signal is cut or padded with zeros to it), optional axis. One-sided transforms
/// keep the first half of the spectrum; inverse ones take it and give a real signal. ONNX DFT 17 (axis as attribute), 20.
public struct DFT: Operator {
  public var inverse = false
  public var oneSided = false
  /// Where no third input gives it.
  public var axis = -2

  public static var importers: [Importer] {
    [
      .onnx("DFT", since: 20) { try DFT(onnx: $0, axis: -2) },
      .onnx("DFT", since: 17, until: 19) { try DFT(onnx: $0, axis: try $0.int("axis", default: 1)) },
    ]
  }

  public init() {}

  private init(onnx node: SourceNode, axis: Int) throws {
    inverse = try node.bool("inverse", default: false)
    oneSided = try node.bool("onesided", default: false)
    self.axis = axis
  }

  private func checkedAxis(_ axis: Int, rank: Int) throws -> Int {
    let place = try normalizedAxis(axis, rank: rank)
    try require(
      place < rank - 1, attribute: "axis", value: axis,
      allowed: "any axis but the last, which holds the numbers")
    return place
  }

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    let x = try context.floating(0)
    guard var shape = try context.shape(0, rank: 2...Int.max) else { return [.tensor(x.dtype, nil)] }
    guard !context.isPresent(2) || context.integers(2)?.first != nil else {
      return [.tensor(x.dtype, shape.map { _ in context.fresh("dft") })]
    }
    let axis = try checkedAxis(context.integers(2)?.first ?? axis, rank: shape.count)
    let last = shape.count - 1
    if let numbers = shape[last].value {
      try require(numbers == 1 || numbers == 2, "the last axis holds \(numbers) numbers, not 1 or 2")
    }
    let length: Dim
    if context.isPresent(1) {
      length = context.dims(1)?.first ?? context.fresh("dft")
    } else {
      length = inverse && oneSided ? (shape[axis] - 1) * 2 : shape[axis]
    }
    try require((length.value ?? 1) > 0, "a transform of length \(length)")
    shape[axis] = oneSided && !inverse ? length.floorDiv(2) + 1 : length
    shape[last] = inverse && oneSided ? 1 : 2
    return [.tensor(x.dtype, shape)]
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let x = try operands.tensor(0, rank: 2...Int.max)
    let axis = try checkedAxis(operands.optional(2)?.integers().first.map { Int($0) } ?? axis, rank: x.rank)
    let given = x.shape[axis]
    let wanted = operands.optional(1)?.integers().first.map { Int($0) }
    let real = inverse && oneSided
    let length = wanted ?? (real ? 2 * (given - 1) : given)
    try require(length > 0 && length <= Window.largest, "a transform of length \(length)")
    let count = oneSided && !inverse ? length / 2 + 1 : length
    let signal = try complexElements(x)
    let transform = FourierTransform(length: length, inverse: inverse)
    let inner = x.shape[(axis + 1)..<(x.rank - 1)].reduce(1, *)
    let outer = x.shape[..<axis].reduce(1, *)
    var result = [Double](repeating: 0, count: outer * count * inner * (real ? 1 : 2))
    for row in 0..<outer * inner {
      let start = row / inner * given * inner + row % inner
      var line = (0..<given).map { signal[start + $0 * inner] }
      if real { line = mirrored(line, length: length) }
      for (index, value) in transform(line, count: count).enumerated() {
        let place = (row / inner * count + index) * inner + row % inner
        if real {
          result[place] = value.real
        } else {
          result[2 * place] = value.real
          result[2 * place + 1] = value.imaginary
        }
      }
    }
    var shape = x.shape
    shape[axis] = count
    shape[x.rank - 1] = real ? 1 : 2
    return [.tensor(Tensor(doubles: result, x.dtype, shape))]
  }

  /// The whole spectrum of a real signal of `length` from its first half.
  private func mirrored(_ half: [Complex], length: Int) -> [Complex] {
    let kept = length / 2 + 1
    return (0..<length).map { index in
      let mirror = index < kept ? index : length - index
      guard mirror < half.count else { return Complex(0, 0) }
      let value = half[mirror]
      // The ends of the half spectrum of a real signal are real.
      if index == 0 || 2 * index == length { return Complex(value.real, 0) }
      return index < kept ? value : Complex(value.real, -value.imaginary)
    }
  }
}
