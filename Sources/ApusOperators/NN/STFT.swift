public import ApusCore

/// Short-time Fourier transform: spectra of overlapping, windowed frames.
///
/// Inputs: signal `[batch, length, 1 or 2]`, frame step, optional window, optional frame length. Output:
/// `[batch, frames, bins, 2]`. ONNX STFT 17.
public struct STFT: Operator {
  public var oneSided = true

  public static var importers: [Importer] {
    [
      .onnx("STFT", since: 17) { node in
        var op = STFT()
        op.oneSided = try node.bool("onesided", default: true)
        return op
      }
    ]
  }

  public init() {}

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    let x = try context.floating(0)
    _ = try context.tensor(1)
    try context.expect(x.dtype, at: 2)
    guard let shape = try context.shape(0, rank: 3...3) else { return [.tensor(x.dtype, nil)] }
    let window = try context.shape(2, rank: 1...1)?[0]
    let frame =
      context.isPresent(3) ? context.dims(3)?.first : window ?? (context.isPresent(2) ? nil : shape[1])
    guard let frame else {
      return [.tensor(x.dtype, [shape[0], context.fresh("frames"), context.fresh("bins"), 2])]
    }
    let bins = oneSided ? frame.floorDiv(2) + 1 : frame
    guard let step = context.dims(1)?.first else {
      return [.tensor(x.dtype, [shape[0], context.fresh("frames"), bins, 2])]
    }
    try require((step.value ?? 1) > 0, "the frame step is \(step)")
    try require(((shape[1] - frame).value ?? 0) >= 0, "frames of \(frame) in a signal of \(shape[1])")
    return [.tensor(x.dtype, [shape[0], (shape[1] - frame).floorDiv(step) + 1, bins, 2])]
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let x = try operands.tensor(0, rank: 3...3)
    let step = Int(try operands.tensor(1).integers().first ?? 0)
    let window = operands.optional(2)?.doubles()
    let frame = operands.optional(3)?.integers().first.map { Int($0) } ?? window?.count ?? x.shape[1]
    try require(step > 0, "the frame step is \(step)")
    try require(frame > 0 && frame <= x.shape[1], "frames of \(frame) in a signal of \(x.shape[1])")
    try require(window.map { $0.count == frame } ?? true, "the window is not as long as a frame (\(frame))")
    let signal = try complexElements(x)
    let frames = (x.shape[1] - frame) / step + 1
    let bins = oneSided ? frame / 2 + 1 : frame
    let transform = FourierTransform(length: frame, inverse: false)
    var result: [Double] = []
    for batch in 0..<x.shape[0] {
      for index in 0..<frames {
        let start = batch * x.shape[1] + index * step
        let line = (0..<frame).map { place in
          let (value, weight) = (signal[start + place], window?[place] ?? 1)
          return Complex(value.real * weight, value.imaginary * weight)
        }
        for value in transform(line, count: bins) { result += [value.real, value.imaginary] }
      }
    }
    return [.tensor(Tensor(doubles: result, x.dtype, [x.shape[0], frames, bins, 2]))]
  }
}
