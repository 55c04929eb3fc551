public import ApusCore
import Glibc

/// The matrix `[dft_length / 2 + 1, num_mel_bins]` that turns a spectrum into mel bands. Inputs are the scalars
/// `num_mel_bins`, `dft_length`, `sample_rate`, `lower_edge_hertz`, `upper_edge_hertz`. ONNX MelWeightMatrix 17.
public struct MelWeightMatrix: Operator {
  public var dtype = DType.f32

  public static var importers: [Importer] {
    [
      .onnx("MelWeightMatrix", since: 17) { node in
        var op = MelWeightMatrix()
        op.dtype = try node.dtype("output_datatype") ?? .f32
        return op
      }
    ]
  }

  public init() {}

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    for index in 0..<5 { try ElementTypes.numbers.check(try context.tensor(index).dtype, "input \(index)") }
    try ElementTypes.numbers.check(dtype, "the output")
    let bins = context.dims(0)?.first ?? context.fresh("mel")
    let length = context.dims(1)?.first
    return [.tensor(dtype, [length.map { $0.floorDiv(2) + 1 } ?? context.fresh("spectrum"), bins])]
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let scalars = try (0..<5).map { index in
      guard let number = try operands.tensor(index, .numbers).doubles().first else {
        throw OperatorError(.shapeMismatch, "input \(index) is empty")
      }
      return number
    }
    let sizes = scalars.prefix(2).compactMap { Int(exactly: $0.rounded(.towardZero)) }
    guard sizes.count == 2, sizes.allSatisfy({ $0 > 0 && $0 < 1 << 24 }), scalars[2] > 0 else {
      throw OperatorError(.invalidValue, "the numbers of bins or the sample rate are out of range")
    }
    let (bins, rows) = (sizes[0], sizes[1] / 2 + 1)
    try TensorMemory.check([rows, bins])
    let edges = Self.edges(bins: bins, length: scalars[1], rate: scalars[2], from: scalars[3], to: scalars[4])
    guard edges.allSatisfy({ $0 >= 0 && $0 < rows }) else {
      throw OperatorError(.invalidValue, "a band lies outside the spectrum", fix: "lower upper_edge_hertz")
    }
    var weights = [Double](repeating: 0, count: rows * bins)
    for bin in 0..<bins {
      let (low, center, high) = (edges[bin], edges[bin + 1], edges[bin + 2])
      if low == center { weights[center * bins + bin] = 1 }
      for row in low..<max(low, center + 1) where low < center {
        weights[row * bins + bin] = Double(row - low) / Double(center - low)
      }
      for row in center..<max(center, high) {
        weights[row * bins + bin] = Double(high - row) / Double(high - center)
      }
    }
    return [.tensor(Tensor(doubles: weights, dtype, [rows, bins]))]
  }

  /// Spectrum positions of the band edges, evenly spaced in mel.
  private static func edges(bins: Int, length: Double, rate: Double, from: Double, to: Double) -> [Int] {
    let (low, high) = (2595 * log10(1 + from / 700), 2595 * log10(1 + to / 700))
    let step = (high - low) / Double(bins + 2)
    return (0..<bins + 2).map { index in
      let hertz = 700 * (pow(10, (Double(index) * step + low) / 2595) - 1)
      let place = ((length + 1) * hertz / rate).rounded(.down)
      return place.isFinite ? Int(max(-1, min(place, 1e9))) : -1
    }
  }
}
