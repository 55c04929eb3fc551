import ApusCore

/// A window of as many samples as the scalar in input 0 says.
protocol WindowFunction: Operator {
  /// Whether the window is one period long, as spectra want it, or symmetric, as filters do.
  var periodic: Bool { get set }
  var dtype: DType { get set }
  /// The window at `phase`, which runs from 0 to 2π.
  static func value(_ phase: Double) -> Double
}

extension WindowFunction {
  static var onnxImporters: [Importer] {
    [
      .onnx(name, since: 17) { node in
        var op = Self()
        op.periodic = try node.bool("periodic", default: true)
        op.dtype = try node.dtype("output_datatype") ?? .f32
        return op
      }
    ]
  }

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    try ElementTypes.integers.check(try context.tensor(0).dtype, "the size")
    try ElementTypes.numbers.check(dtype, "the output")
    let size = context.dims(0)?.first ?? context.fresh("window")
    if let size = size.value { try check(size) }
    return [.tensor(dtype, [size])]
  }

  private func check(_ size: Int) throws {
    try TensorMemory.check([size])
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    guard let first = try operands.tensor(0, .integers).integers().first else {
      throw OperatorError(.shapeMismatch, "the size is empty")
    }
    let size = Int(first)
    try check(size)
    let period = Double(periodic ? size : size - 1)
    let samples = (0..<size).map { size == 1 ? 1 : Self.value(2 * .pi * Double($0) / period) }
    return [.tensor(Tensor(doubles: samples, dtype, [size]))]
  }
}
