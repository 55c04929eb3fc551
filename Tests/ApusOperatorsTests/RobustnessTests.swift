import ApusCore
import ApusOperators
import Testing

/// Every operator with random operands: whatever a model holds, operators refuse it with an error and never trap, and
/// what inference promises is what the reference computes.
@Suite struct RobustnessTests {
  static let names = OperatorCatalogue.standard.all.map { $0.name }

  @Test(arguments: names) func refusesOrAgrees(_ name: String) throws {
    let type = try #require(OperatorCatalogue.standard[name])
    try check(type.init())
  }

  private func check(_ op: any Operator) throws {
    var random = RandomOperands(seed: 12345)
    for _ in 0..<150 {
      let tensors = random.tensors()
      let outputs = Int.random(in: 1...3, using: &random)
      let vague = random.context(like: tensors, outputs: outputs)
      _ = try? op.infer(vague)
      _ = op.propagate(vague)
      let exact = InferenceContext(
        inputs: tensors.map { $0.map { .tensor($0.type) } }, constants: tensors, outputCount: outputs)
      _ = op.propagate(exact)
      guard let types = try refusable({ try op.infer(exact) }),
        types.allSatisfy({ $0.tensor?.staticShape?.elementCount ?? 0 < 1 << 20 }),
        let values = try refusable({ try op.evaluate(Operands(tensors, outputCount: outputs)) })
      else { continue }
      for (value, type) in zip(values, types) {
        #expect(value.fits(type), "\(type), computed \(value.type), from \(tensors.map { $0?.type })")
      }
    }
  }

  /// nil when the operator refuses; other errors pass through.
  private func refusable<T>(_ body: () throws -> T) throws -> T? {
    do { return try body() } catch is OperatorError { return nil } catch is ApusError { return nil }
  }
}

extension Value {
  /// Whether the value has the type; symbols stand for any size.
  fileprivate func fits(_ type: ValueType) -> Bool {
    guard let tensor, let inferred = type.tensor else { return true }
    guard let shape = inferred.shape else { return tensor.dtype == inferred.dtype }
    return tensor.dtype == inferred.dtype && shape.count == tensor.rank
      && zip(shape, tensor.shape).allSatisfy { ($0.value ?? $1) == $1 }
  }
}

/// Operands with awkward types, shapes and numbers.
private struct RandomOperands: RandomNumberGenerator {
  private var state: UInt64
  private static let sizes: [Dim] = [
    .symbol("n"), .symbol("n") * 2, .symbol("m") + 1, 0, 1, 2, 3, 7, -1, .constant(.max),
  ]

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    let mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
    let again = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return again ^ (again >> 31)
  }

  mutating func pick<T>(_ items: [T]) -> T { items[Int.random(in: 0..<items.count, using: &self)] }

  mutating func tensors() -> [Tensor?] {
    let shared = pick([nil, nil, DType.f32, .f32, .i64, .f16, .u8, .bool])
    return (0..<Int.random(in: 0...6, using: &self)).map { index in
      if pick([true, false, false, false, false, false, false, false]) { return nil }
      return tensor(index > 0 && pick([true, false, false]) ? .i64 : shared ?? pick(DType.allCases))
    }
  }

  private mutating func tensor(_ dtype: DType) -> Tensor {
    let shape = (0..<Int.random(in: 0...4, using: &self)).map { _ in pick([0, 1, 1, 2, 2, 3, 4]) }
    let places = 0..<shape.elementCount
    if dtype == .string {
      return Tensor(strings: places.map { _ in pick(["a", "", "7", "b c"]) }, shape: shape)
    }
    if dtype.isInteger {
      let numbers = places.map { _ in pick([Int64.min, .max, -1, 0, 1, 2, 3, 5, -3]) }
      return Tensor(integers: numbers, dtype, shape)
    }
    let numbers = places.map { _ in
      pick([Double.nan, .infinity, -.infinity, 0, 1, -1, 0.5, 2, 3, 1e30, -2.5])
    }
    return Tensor(doubles: numbers, dtype, shape)
  }

  /// Types that may be less exact than the tensors, or wrong.
  mutating func context(like tensors: [Tensor?], outputs: Int) -> InferenceContext {
    var contents: [Contents?] = []
    let types: [ValueType?] = tensors.map { tensor in
      guard let tensor else {
        contents.append(nil)
        return nil
      }
      let known = tensor.dtype.isInteger && tensor.elementCount < 50 && pick([true, false])
      contents.append(
        known
          ? Contents(
            tensor.dtype, tensor.shape, dims: (0..<tensor.elementCount).map { _ in pick(Self.sizes) }) : nil)
      switch pick([0, 1, 2, 3, 4]) {
      case 0: return .tensor(tensor.dtype, nil)
      case 1: return .tensor(tensor.dtype, tensor.shape.map { _ in pick(Self.sizes) })
      case 2: return pick([.sequence(.tensor(tensor.dtype, nil)), .tensor(tensor.type)])
      default: return .tensor(tensor.type)
      }
    }
    let constants = tensors.map { pick([true, false]) ? $0 : nil }
    return InferenceContext(inputs: types, constants: constants, contents: contents, outputCount: outputs)
  }
}
