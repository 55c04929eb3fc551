import ApusCore
import ApusOperators
import Testing

/// Operators refuse what does not fit by throwing; they never stop the process.
@Suite struct RandomInputsTests {
  private static let names = OperatorCatalogue.standard.all.map { $0.name }

  private struct Random {
    var state: UInt64

    mutating func below(_ bound: Int) -> Int {
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return Int(state >> 33) % bound
    }

    mutating func pick<T>(_ choices: [T]) -> T { choices[below(choices.count)] }
  }

  private static let dtypes: [DType] = [.f32, .f32, .f32, .f16, .i64, .i64, .i32, .u8, .bool, .f64, .string]

  @Test(arguments: names) func inferenceOnlyThrows(name: String) throws {
    let type = try #require(OperatorCatalogue.standard[name])
    var random = Random(state: name.utf8.reduce(7) { $0 &* 31 &+ UInt64($1) } | 1)
    let sizes: [Dim] = [
      0, 1, 1, 2, 2, 3, 3, 4, 5, 12, .symbol("n"), .symbol("m"), Dim(1 << 40), Dim(Int.max),
    ]
    for _ in 0..<400 {
      let inputs = (0..<random.below(8)).map { _ -> ValueType? in
        switch random.below(12) {
        case 0: return nil
        case 1: return .tensor(random.pick(Self.dtypes), nil)
        case 2: return .sequence(.tensor(random.pick(Self.dtypes), nil))
        default:
          return .tensor(random.pick(Self.dtypes), (0..<random.below(6)).map { _ in random.pick(sizes) })
        }
      }
      let constants = inputs.map { input -> Tensor? in
        guard random.below(2) == 0, let tensor = input?.tensor else { return nil }
        return randomConstant(tensor, &random)
      }
      let context = InferenceContext(inputs: inputs, constants: constants, outputCount: 1 + random.below(4))
      _ = try? type.init().infer(context)
      _ = type.init().propagate(context)
    }
  }

  @Test(arguments: names) func referencesOnlyThrow(name: String) throws {
    let type = try #require(OperatorCatalogue.standard[name])
    var random = Random(state: name.utf8.reduce(3) { $0 &* 37 &+ UInt64($1) } | 1)
    for _ in 0..<300 {
      let dtype = random.pick(Self.dtypes)
      let rank = random.below(5)
      let inputs = (0..<random.below(7)).map { _ -> Tensor? in
        if random.below(10) == 0 { return nil }
        let own = random.below(3) == 0 ? random.below(5) : rank
        let shape = (0..<own).map { _ in Dim(random.below(4)) }
        return randomConstant(
          TensorType(random.below(3) == 0 ? random.pick(Self.dtypes) : dtype, shape), &random)
      }
      // A reference runs only where inference has let the operands pass, and on small results.
      let context = InferenceContext(inputs: inputs.map { $0.map { .tensor($0.type) } }, constants: inputs)
      guard let types = try? type.init().infer(context),
        types.allSatisfy({ ($0.tensor?.staticShape?.elementCount ?? 0) < 10_000 })
      else { continue }
      _ = try? type.init().evaluate(Operands(inputs, outputCount: 1 + random.below(3)))
    }
  }

  /// Small integers in any type; nil where the shape is not small and known.
  private func randomConstant(_ type: TensorType, _ random: inout Random) -> Tensor? {
    guard let shape = type.staticShape, shape.elementCount <= 1000 else { return nil }
    let numbers = (0..<shape.elementCount).map { _ in
      random.pick([0, 1, 2, 3, 4, -1, -2, 5, 9, random.below(8) == 0 ? Int64.max : 7])
    }
    if type.dtype == .string { return Tensor(strings: numbers.map(String.init), shape: shape) }
    return Tensor(integers: numbers.map { type.dtype.isFloat ? min($0, 1000) : $0 }, type.dtype, shape)
  }
}
