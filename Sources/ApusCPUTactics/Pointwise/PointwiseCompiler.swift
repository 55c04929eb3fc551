import ApusCPU
import ApusCore
import ApusOperators
import ApusTactics
import CApusKernels

/// Compiles elementwise operators into a program of the pointwise machine.
struct PointwiseCompiler {
  /// Why a node cannot be compiled.
  struct Refusal: Error {
    let reason: String
  }

  private var instructions: [PointwiseKernel.Instruction] = []
  private var registers: Int32 = 0
  private let domain: apus_pointwise_domain

  /// A node with one of the instructions, or a `Pointwise` body.
  static func compile(_ node: TacticNode) throws(Refusal) -> PointwiseKernel.Parameters {
    let types = (node.inputs + node.outputs).compactMap { $0?.tensor?.dtype }
    guard types.count == (node.inputs + node.outputs).count(where: { $0 != nil }) else {
      throw Refusal(reason: "not all operands are tensors")
    }
    if let op = node.op as? Pointwise { return try compile(body: op.body, types) }
    let present = node.inputs.indices.filter { node.inputs[$0] != nil }
    var compiler = PointwiseCompiler(domain: try domain(types))
    let inputs = present.indices.map { compiler.load(Int32($0)) }
    var operands: [Int32?] = node.inputs.map { _ in nil }
    for (position, index) in present.enumerated() { operands[index] = inputs[position] }
    let scalars = node.constants.map {
      $0.flatMap { $0.elementCount == 1 && !$0.dtype.isComplex ? $0.doubles().first : nil }
    }
    // Storing converts.
    if node.op is Cast, let only = inputs.first {
      compiler.store(only, 0)
    } else {
      compiler.store(try compiler.apply(node.op, operands, scalars), 0)
    }
    return try compiler.finish()
  }

  private static func compile(body: Graph, _ types: [DType]) throws(Refusal) -> PointwiseKernel.Parameters {
    let inner = body.allValues.compactMap { $0.type.tensor?.dtype }
    var compiler = PointwiseCompiler(domain: try domain(types + inner))
    var registers: [ValueID: Int32] = [:]
    for (index, id) in body.inputs.enumerated() { registers[id] = compiler.load(Int32(index)) }
    for value in body.allValues {
      guard let constant = value.constant else { continue }
      guard constant.elementCount == 1, let number = constant.doubles().first else {
        throw Refusal(reason: "a constant of several elements in a body")
      }
      registers[value.id] = compiler.constant(number)
    }
    for id in body.topologicalOrder() ?? [] {
      let node = body[id]
      let scalars = node.inputs.map { body.constant($0)?.doubles().first }
      guard let output = node.outputs.first ?? nil else { continue }
      let result = try compiler.apply(node.op, node.inputs.map { $0.flatMap { registers[$0] } }, scalars)
      // Values between operators are rounded to their own type.
      let dtype = body[output].type.tensor?.dtype ?? .f32
      registers[output] = dtype == .f16 || dtype == .bf16 ? compiler.cast(result, dtype) : result
    }
    for (index, id) in body.outputs.enumerated() {
      guard let register = registers[id] else { throw Refusal(reason: "an output that nothing computes") }
      compiler.store(register, Int32(index))
    }
    return try compiler.finish()
  }

  /// Registers hold FP32 unless an operand needs more.
  private static func domain(_ types: [DType]) throws(Refusal) -> apus_pointwise_domain {
    let known: Set<DType> = [.f32, .f64, .f16, .bf16, .i8, .u8, .i16, .u16, .i32, .u32, .i64, .bool]
    if let other = types.first(where: { !known.contains($0) }) {
      throw Refusal(reason: "element type \(other.rawValue)")
    }
    if types.contains(.f64) { return APUS_POINTWISE_F64 }
    let isFloat = types.contains { $0.isFloat }
    let wide = types.contains { $0 == .i64 || $0 == .i32 || $0 == .u32 }
    // Integers of more than 24 bits do not fit FP32 registers.
    if isFloat && wide { return APUS_POINTWISE_F64 }
    return isFloat ? APUS_POINTWISE_F32 : APUS_POINTWISE_I64
  }

  private init(domain: apus_pointwise_domain) { self.domain = domain }

  private mutating func register() -> Int32 {
    registers += 1
    return registers - 1
  }

  private mutating func load(_ input: Int32) -> Int32 {
    let target = register()
    instructions.append(.init(APUS_PW_LOAD.rawValue, dst: target, a: input))
    return target
  }

  private mutating func constant(_ number: Double) -> Int32 {
    let target = register()
    instructions.append(
      .init(
        APUS_PW_CONST.rawValue, dst: target, alpha: number,
        integer: number.isFinite && abs(number) < 9e18 ? Int64(number) : 0))
    return target
  }

  private mutating func store(_ register: Int32, _ output: Int32) {
    instructions.append(.init(APUS_PW_STORE.rawValue, a: register, b: output))
  }

  private mutating func cast(_ value: Int32, _ dtype: DType) -> Int32 {
    if domain == APUS_POINTWISE_F32, dtype == .f32 { return value }
    let target = register()
    instructions.append(.init(APUS_PW_CAST.rawValue, dst: target, a: value, b: Int32(dtype.code)))
    return target
  }

  private mutating func apply(_ op: any Operator, _ operands: [Int32?], _ scalars: [Double?]) throws(Refusal)
    -> Int32
  {
    let given = operands.compactMap { $0 }
    switch op {
    case is Identity:
      guard let first = given.first else { throw Refusal(reason: "no operand") }
      return first
    case let op as Cast:
      guard let first = given.first else { throw Refusal(reason: "no operand") }
      guard !op.to.isMiniFloat else { throw Refusal(reason: "cast to \(op.to.rawValue)") }
      return cast(first, op.to)
    case is Clip: return try clip(operands, scalars)
    default: break
    }
    guard let code = PointwiseCode(op) else { throw Refusal(reason: "no instruction for \(op.operatorName)") }
    if code.op == APUS_PW_SELECT {
      guard given.count == 3 else { throw Refusal(reason: "\(given.count) operands") }
      return emit(code, given[0], given[1], given[2])
    }
    let isUnary = code.op.rawValue >= APUS_PW_NEG.rawValue && code.op.rawValue < APUS_PW_CAST.rawValue
    if isUnary {
      guard given.count == 1 else { throw Refusal(reason: "\(given.count) operands") }
      return emit(code, given[0])
    }
    guard var result = given.first else { throw Refusal(reason: "no operand") }
    if given.count > 2 && !["Max", "Min", "Sum"].contains(op.operatorName) {
      throw Refusal(reason: "\(given.count) operands")
    }
    if given.count < 2 && !["Max", "Min", "Sum"].contains(op.operatorName) {
      throw Refusal(reason: "one operand")
    }
    for other in given.dropFirst() { result = emit(code, result, other) }
    return result
  }

  /// Bounds may be constants or operands, either may be absent.
  private mutating func clip(_ operands: [Int32?], _ scalars: [Double?]) throws(Refusal) -> Int32 {
    guard let x = operands.first ?? nil else { throw Refusal(reason: "no operand") }
    var result = x
    if operands.count > 1, let low = operands[1] { result = emit(PointwiseCode(Max()), result, low) }
    if operands.count > 2, let high = operands[2] { result = emit(PointwiseCode(Min()), result, high) }
    return result
  }

  private mutating func emit(_ code: PointwiseCode?, _ a: Int32, _ b: Int32 = 0, _ c: Int32 = 0) -> Int32 {
    let target = register()
    guard let code else { return a }
    instructions.append(
      .init(code.op.rawValue, dst: target, a: a, b: b, c: c, alpha: code.alpha, beta: code.beta))
    return target
  }

  private func finish() throws(Refusal) -> PointwiseKernel.Parameters {
    guard registers <= Int32(APUS_POINTWISE_REGISTERS) else {
      throw Refusal(reason: "\(registers) registers")
    }
    return PointwiseKernel.Parameters(
      domain: domain.rawValue, registers: registers, instructions: instructions)
  }
}
