import ApusCore

/// What a kernel must give on a trial's inputs, at chosen places or everywhere.
struct KernelCheck {
  private struct Expectation {
    var output: Int
    /// Index of each place in the logical order of the output.
    var positions: [[Int]]
    var values: [Double]
  }

  private let expectations: [Expectation]

  /// Whether there is anything to hold a kernel against.
  var isEmpty: Bool { expectations.isEmpty }

  /// At `places` corners, edges and random places where the operator computes single elements; everywhere where the
  /// whole result is small; else nothing is checked.
  init(_ trial: KernelTrial, places: Int = 512) throws {
    let operands = Operands(trial.operands, outputCount: trial.outputs.count)
    let sizes = trial.outputs.map { $0?.staticShape?.elementCount ?? 0 }
    if let sampled = trial.node.op as? any SampledReference, let shape = trial.outputs.first??.staticShape {
      let positions = Self.positions(shape, places)
      expectations = [
        Expectation(
          output: 0, positions: positions, values: try sampled.evaluate(at: positions, of: 0, operands))
      ]
    } else if sizes.reduce(0, +) <= 1 << 16,
      trial.operands.reduce(0, { $0 + ($1?.elementCount ?? 0) }) <= 1 << 18
    {
      let results = try trial.node.op.evaluate(operands)
      expectations = zip(results, trial.outputs).enumerated().compactMap { index, pair in
        guard let tensor = pair.0.tensor, pair.1 != nil, tensor.dtype != .string else { return nil }
        var positions: [[Int]] = []
        forEachIndex(tensor.shape) { positions.append($0) }
        return Expectation(output: index, positions: positions, values: tensor.doubles())
      }
    } else {
      expectations = []
    }
  }

  /// Every corner first, then places on edges, then anywhere.
  private static func positions(_ shape: [Int], _ count: Int) -> [[Int]] {
    guard shape.elementCount > 0 else { return [] }
    if shape.elementCount <= count {
      var all: [[Int]] = []
      forEachIndex(shape) { all.append($0) }
      return all
    }
    var generator = Xoshiro256(seed: 5)
    var found: [[Int]] = []
    forEachIndex([Int](repeating: 2, count: min(shape.count, 6))) { corner in
      found.append(shape.indices.map { $0 < corner.count && corner[$0] == 1 ? shape[$0] - 1 : 0 })
    }
    while found.count < count {
      var place = shape.map { Int(generator.integer(in: 0...Int64($0 - 1))) }
      if found.count % 2 == 0 {
        let axis = Int(generator.integer(in: 0...Int64(shape.count - 1)))
        place[axis] = generator.next() % 2 == 0 ? 0 : shape[axis] - 1
      }
      found.append(place)
    }
    return found
  }

  /// The first thing that is wrong with results by output, each in its layout; nil when all is well.
  /// `tolerance` nil: that of the element type.
  func fault(_ results: [String: Tensor], _ trial: KernelTrial, tolerance: Double? = nil) -> String? {
    for expectation in expectations {
      guard let tensor = results["y\(expectation.output)"] else {
        return "output \(expectation.output) is missing"
      }
      let strides = trial.outputLayout(expectation.output).strides(of: tensor.shape)
      let elements = tensor.doubles()
      let largest = expectation.values.reduce(0) { $1.isFinite ? max($0, $1.magnitude) : $0 }
      let limit = (tolerance ?? Self.tolerance(tensor.dtype)) * largest + (tensor.dtype.isFloat ? 1e-6 : 0)
      for (position, want) in zip(expectation.positions, expectation.values) {
        let got = elements[zip(position, strides).reduce(0) { $0 + $1.0 * $1.1 }]
        if got == want || (got.isNaN && want.isNaN) { continue }
        guard (got - want).magnitude <= limit else { return "\(got) instead of \(want) at \(position)" }
      }
    }
    return nil
  }

  /// Relative to the largest magnitude.
  private static func tolerance(_ dtype: DType) -> Double {
    switch dtype {
    case .f32: 1e-4
    case .f64: 1e-9
    case .f16: 5e-3
    case .bf16: 2e-2
    default: dtype.isFloat ? 0.1 : 0
    }
  }
}
