/// How operands are multiplied, as far as a GPU's speed depends on it.
public enum Arithmetic: Sendable, Hashable {
  /// On the tensor cores: FP16 or BF16, TF32, FP32 as three TF32 products.
  case half, tf32, threeTF32
  /// On the FP32 units.
  case single
}

extension GPUProperties {
  /// Operations a second that large products reach in practice; three quarters of what the units could do.
  func operations(_ arithmetic: Arithmetic) -> Double {
    let clocks = Double(multiprocessors) * Double(clockKilohertz) * 1000
    let half = capability >= 90 ? 3060.0 : 1530
    switch arithmetic {
    case .half: return clocks * half
    case .tf32: return clocks * half / 2
    case .threeTF32: return clocks * half / 6
    case .single: return clocks * 230
    }
  }

  /// Microseconds below which no kernel does some work. Constants come from memory, at 92 % of its bandwidth; everything
  /// else from the second-level cache, at 25 bytes a clock and multiprocessor. `arithmetic` nil: only bytes count.
  public func floorMicroseconds(
    operations: Double, _ arithmetic: Arithmetic?, constantBytes: Double, activationBytes: Double
  ) -> Double {
    let clocks = Double(multiprocessors) * Double(clockKilohertz) * 1000
    let computing = arithmetic.map { operations / self.operations($0) } ?? 0
    let reading = bandwidth > 0 ? constantBytes / (0.92 * bandwidth) : 0
    return max(computing, reading + activationBytes / (25 * clocks)) * 1e6
  }
}
