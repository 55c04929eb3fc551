import CApusKernels
import Glibc
import Testing

private func instruction(
  _ op: apus_pointwise_op, _ dst: Int32 = 0, _ a: Int32 = 0, _ b: Int32 = 0, _ c: Int32 = 0,
  alpha: Double = 0,
  beta: Double = 0, integer: Int64 = 0
) -> apus_pointwise_instruction {
  apus_pointwise_instruction(op: op, dst: dst, a: a, b: b, c: c, alpha: alpha, beta: beta, integer: integer)
}

private func operand(_ type: apus_dtype, _ strides: [Int]) -> apus_pointwise_operand {
  var result = apus_pointwise_operand()
  result.type = type
  withUnsafeMutableBytes(of: &result.strides) { bytes in
    for (i, stride) in strides.enumerated() {
      bytes.storeBytes(of: stride, toByteOffset: i * 8, as: Int.self)
    }
  }
  return result
}

/// Runs a program; the result says whether it was valid.
private func run(
  _ instructions: [apus_pointwise_instruction], domain: apus_pointwise_domain, shape: [Int],
  inputs: [(apus_pointwise_operand, UnsafeRawPointer)],
  outputs: [(apus_pointwise_operand, UnsafeMutableRawPointer)], pool: OpaquePointer?
) -> Bool {
  var program = apus_pointwise()
  program.domain = domain
  program.rank = Int32(shape.count)
  withUnsafeMutableBytes(of: &program.shape) { bytes in
    for (i, extent) in shape.enumerated() { bytes.storeBytes(of: extent, toByteOffset: i * 8, as: Int.self) }
  }
  program.input_count = Int32(inputs.count)
  program.output_count = Int32(outputs.count)
  program.instruction_count = Int32(instructions.count)
  program.register_count = 8
  return instructions.withUnsafeBufferPointer { code in
    inputs.map(\.0).withUnsafeBufferPointer { ins in
      outputs.map(\.0).withUnsafeBufferPointer { outs in
        program.instructions = code.baseAddress
        program.inputs = ins.baseAddress
        program.outputs = outs.baseAddress
        guard apus_pointwise_valid(&program) else { return false }
        let workspace = Buffer(bytes: apus_pointwise_workspace_bytes(&program, 2))
        let from = inputs.map { UnsafeRawPointer?.some($0.1) }
        let to = outputs.map { UnsafeMutableRawPointer?.some($0.1) }
        apus_pointwise_run(&program, from, to, workspace.pointer, pool)
        return true
      }
    }
  }
}

extension KernelTests {
  @Test func functionsAreAccurate() {
    typealias Function = (apus_pointwise_op, ClosedRange<Float>, (Double) -> Double)
    let functions: [Function] = [
      (APUS_PW_EXP, -80...80, exponential), (APUS_PW_LOG, 1e-20...100, logarithm),
      (APUS_PW_TANH, -10...10, hyperbolicTangent), (APUS_PW_ERF, -5...5, errorFunction),
      (APUS_PW_SIGMOID, -80...80, sigmoid), (APUS_PW_SILU, -20...20, silu), (APUS_PW_SIN, -100...100, sine),
      (APUS_PW_COS, -100...100, cosine), (APUS_PW_SOFTPLUS, -40...40, softplus),
      (APUS_PW_EXPM1, -5...5, exponentialMinusOne),
      (APUS_PW_ROUND, -9...9, { $0.rounded(.toNearestOrEven) }),
      (APUS_PW_FLOOR, -9...9, { $0.rounded(.down) }),
    ]
    forEachLevel(cases: 2, seed: 7) { random, pool in
      for (op, range, function) in functions {
        let count = random.int(1...1100)
        let x = Buffer(random.floats(count, range))
        let y = Buffer([Float](repeating: 0, count: count))
        let code = [
          instruction(APUS_PW_LOAD), instruction(op, 1, 0, alpha: 1), instruction(APUS_PW_STORE, 0, 1),
        ]
        let ran = run(
          code, domain: APUS_POINTWISE_F32, shape: [count],
          inputs: [(operand(APUS_F32, [1]), .init(x.pointer))],
          outputs: [(operand(APUS_F32, [1]), y.pointer)], pool: pool)
        #expect(ran)
        let periodic = op == APUS_PW_SIN || op == APUS_PW_COS
        for (a, b) in zip(x.values, y.values) {
          let wanted = function(Double(a))
          let unit = periodic ? 1.2e-7 : max(Double(Float(wanted).ulp), 1e-37)
          #expect(abs(Double(b) - wanted) <= 4 * unit, "\(op) of \(a): \(b), not \(wanted)")
        }
      }
    }
  }

  /// More elements than the caches hold are written past them.
  @Test func manyElementsWiden() {
    let count = (1 << 21) + 37
    var x = [UInt16](repeating: 0, count: count)
    for i in x.indices { x[i] = UInt16(truncatingIfNeeded: i &* 7 % 0x7f80) }
    let code = [instruction(APUS_PW_LOAD, 0, 0), instruction(APUS_PW_STORE, 0, 0, 0)]
    let y = Buffer(bytes: count * 4)
    x.withUnsafeBytes { from in
      guard let from = from.baseAddress else { return }
      forEachLevel(cases: 2, seed: 9) { _, pool in
        memset(y.pointer, 0, count * 4)
        let ran = run(
          code, domain: APUS_POINTWISE_F32, shape: [count],
          inputs: [(operand(APUS_BF16, [1]), from)], outputs: [(operand(APUS_F32, [1]), y.pointer)],
          pool: pool)
        #expect(ran)
        let sampled = stride(from: 0, to: count, by: 997).map { $0 } + [count - 1, count - 2]
        #expect(sampled.allSatisfy { y.floats[$0] == float(bf16: x[$0]) })
      }
    }
  }

  @Test func operandsBroadcastAndConvert() {
    forEachLevel(cases: 8, seed: 8) { random, pool in
      let shape = [random.int(1...4), random.int(1...20), random.int(1...30)]
      let count = shape.reduce(1, *)
      let a = Buffer(random.floats(count), APUS_BF16)
      let b = Buffer(random.floats(shape[1]))
      let c = (0..<shape[2]).map { _ in Int32(random.int(-5...5)) }
      let y = Buffer([Float](repeating: 0, count: count))
      var mask = [UInt8](repeating: 9, count: count)
      let code = [
        instruction(APUS_PW_LOAD, 0, 0), instruction(APUS_PW_LOAD, 1, 1), instruction(APUS_PW_LOAD, 2, 2),
        instruction(APUS_PW_CONST, 3, alpha: 0.25), instruction(APUS_PW_LESS, 4, 0, 1),
        instruction(APUS_PW_MUL, 5, 0, 2), instruction(APUS_PW_ADD, 6, 1, 3),
        instruction(APUS_PW_SELECT, 7, 4, 5, 6), instruction(APUS_PW_STORE, 0, 7, 0),
        instruction(APUS_PW_STORE, 0, 4, 1),
      ]
      let dense = [shape[1] * shape[2], shape[2], 1]
      c.withUnsafeBytes { integers in
        mask.withUnsafeMutableBytes { flags in
          guard let from = integers.baseAddress, let to = flags.baseAddress else { return }
          let ran = run(
            code, domain: APUS_POINTWISE_F32, shape: shape,
            inputs: [
              (operand(APUS_BF16, dense), .init(a.pointer)),
              (operand(APUS_F32, [0, 1, 0]), .init(b.pointer)),
              (operand(APUS_I32, [0, 0, 1]), from),
            ],
            outputs: [(operand(APUS_F32, dense), y.pointer), (operand(APUS_BOOL, dense), to)], pool: pool)
          #expect(ran)
        }
      }
      let (av, bv) = (a.values, b.values)
      let expected = (0..<count).map { i -> Double in
        let limit = bv[i / shape[2] % shape[1]]
        return av[i] < limit ? Double(av[i]) * Double(c[i % shape[2]]) : Double(limit + 0.25)
      }
      #expect(difference(y.values, expected) < 1e-6)
      #expect(mask == (0..<count).map { av[$0] < bv[$0 / shape[2] % shape[1]] ? 1 : 0 })
    }
  }

  @Test func integersWrapAndDivide() {
    let a: [Int64] = [7, -7, 7, -7, .max, 5, .min]
    let b: [Int64] = [2, 2, -2, -2, 1, 0, -1]
    func compute(_ op: apus_pointwise_op, alpha: Double = 0) -> [Int64] {
      var result = [Int64](repeating: 0, count: a.count)
      let code = [
        instruction(APUS_PW_LOAD, 0, 0), instruction(APUS_PW_LOAD, 1, 1),
        instruction(op, 2, 0, 1, alpha: alpha),
        instruction(APUS_PW_STORE, 0, 2, 0),
      ]
      a.withUnsafeBytes { left in
        b.withUnsafeBytes { right in
          result.withUnsafeMutableBytes { out in
            guard let x = left.baseAddress, let y = right.baseAddress, let z = out.baseAddress else { return }
            let dense = operand(APUS_I64, [1])
            _ = run(
              code, domain: APUS_POINTWISE_I64, shape: [a.count], inputs: [(dense, x), (dense, y)],
              outputs: [(dense, z)], pool: nil)
          }
        }
      }
      return result
    }
    #expect(compute(APUS_PW_ADD) == [9, -5, 5, -9, .min, 5, .max])
    #expect(compute(APUS_PW_DIV) == [3, -3, -3, 3, .max, 0, .min])
    #expect(compute(APUS_PW_MOD) == [1, 1, -1, -1, 0, 0, 0])
    #expect(compute(APUS_PW_MOD, alpha: 1) == [1, -1, 1, -1, 0, 0, 0])
    #expect(compute(APUS_PW_MAX) == [7, 2, 7, -2, .max, 5, -1])
  }

  @Test func programsOutOfRangeAreInvalid() {
    let code = [instruction(APUS_PW_ADD, 0, 9, 1)]
    #expect(!run(code, domain: APUS_POINTWISE_F32, shape: [1], inputs: [], outputs: [], pool: nil))
    let float = [instruction(APUS_PW_EXP, 0, 0)]
    #expect(!run(float, domain: APUS_POINTWISE_I64, shape: [1], inputs: [], outputs: [], pool: nil))
  }

  @Test func conversionsRoundAndSaturate() {
    let from: [Float] = [1.5, -1.5, 300, -300, .nan, 0, 65504, 1e9]
    var bytes = [Int8](repeating: 0, count: 8)
    apus_convert(APUS_F32, from, APUS_I8, &bytes, 8, nil)
    #expect(bytes == [1, -1, 127, -128, 0, 0, 127, 127])
    var halves = [UInt16](repeating: 0, count: 8)
    apus_convert(APUS_F32, from, APUS_F16, &halves, 8, nil)
    #expect(halves[0] == 0x3e00 && halves[1] == 0xbe00 && halves[6] == 0x7bff && halves[7] == 0x7c00)
    var back = [Float](repeating: 0, count: 8)
    apus_convert(APUS_F16, halves, APUS_F32, &back, 8, nil)
    #expect(Array(back[0...3]) == [1.5, -1.5, 300, -300] && back[4].isNaN && back[7] == .infinity)
    let wide: [Int64] = [300, -1]
    var narrow = [UInt8](repeating: 0, count: 2)
    apus_convert(APUS_I64, wide, APUS_U8, &narrow, 2, nil)
    #expect(narrow == [44, 255])
  }
}
