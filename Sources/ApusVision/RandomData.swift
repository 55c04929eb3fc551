internal import ApusCore

/// Samples made from a seed: the same for the same seed, name and shape, whatever else the model has.
public struct RandomData: Sendable {
  public var seed: UInt64
  /// Ranges of integer inputs; without one, `Tensor.random` decides.
  public var ranges: [String: ClosedRange<Int64>]
  /// Values of symbolic dimensions; 1 for the others.
  public var symbols: [String: Int]

  public init(seed: UInt64, ranges: [String: ClosedRange<Int64>] = [:], symbols: [String: Int] = [:]) {
    self.seed = seed
    self.ranges = ranges
    self.symbols = symbols
  }

  func sample(_ index: Int, _ inputs: [DataSource.Input]) -> [String: Tensor] {
    DataSource.tensors(inputs) { _, input in
      var generator = Xoshiro256(seed: seed, stream: "\(input.name)#\(index)")
      return .random(
        input.type.dtype, shape(of: input), range: ranges[input.name], using: &generator)
    }
  }

  /// An unknown rank counts as a scalar.
  private func shape(of input: DataSource.Input) -> [Int] {
    (input.type.shape ?? []).map { dim in
      let names = dim.symbols
      let values = symbols.merging(names.map { ($0, 1) }) { given, _ in given }
      return max(dim.evaluate(values) ?? 1, 0)
    }
  }
}

extension DataSource {
  /// `count` samples of random numbers.
  public static func generated(_ random: RandomData, inputs: [Input], count: Int = 1) -> DataSource {
    DataSource(
      origin: "generated from seed \(random.seed)", count: count, inputs: inputs, kind: .generated(random))
  }
}
