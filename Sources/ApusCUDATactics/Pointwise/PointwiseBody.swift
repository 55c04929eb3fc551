import ApusCore
import ApusOperators

/// The statements that compute one element from registers `x0`, `x1` … of the inputs.
struct PointwiseBody {
  /// Why a node has no generated kernel.
  struct Refusal: Error {
    let reason: String
  }

  private(set) var statements: [String] = []
  /// Register and type of every output.
  private(set) var results: [(register: String, type: PointwiseType)] = []
  private var count = 0

  /// A node alone, or a `Pointwise` with its body. `inputs` are the types of the operands that are there.
  init(_ op: any Operator, inputs: [DType?], outputs: [DType], scalars: [Double?]) throws(Refusal) {
    var registers: [(String, PointwiseType)?] = []
    for (index, dtype) in inputs.enumerated() {
      guard let dtype else {
        registers.append(nil)
        continue
      }
      registers.append(("x\(index)", try Self.type(dtype)))
    }
    if let pointwise = op as? Pointwise {
      try compile(pointwise.body, registers.compactMap { $0 })
    } else {
      results = [try apply(op, registers, try Self.type(outputs.first ?? .f32))]
    }
  }

  private static func type(_ dtype: DType) throws(Refusal) -> PointwiseType {
    guard let type = PointwiseType(dtype) else { throw Refusal(reason: "element type \(dtype.rawValue)") }
    return type
  }

  private mutating func compile(_ body: Graph, _ inputs: [(String, PointwiseType)]) throws(Refusal) {
    var registers: [ValueID: (String, PointwiseType)] = [:]
    guard body.inputs.count == inputs.count else { throw Refusal(reason: "another number of inputs") }
    for (id, input) in zip(body.inputs, inputs) { registers[id] = input }
    for value in body.allValues {
      guard let constant = value.constant else { continue }
      guard constant.elementCount == 1, let number = constant.doubles().first else {
        throw Refusal(reason: "a constant of several elements in a body")
      }
      let type = try Self.type(constant.dtype)
      registers[value.id] = (type.literal(number), type)
    }
    for id in body.topologicalOrder() ?? [] {
      let node = body[id]
      guard let output = node.outputs.first ?? nil, let dtype = body[output].type.tensor?.dtype else {
        throw Refusal(reason: "a value without a type")
      }
      registers[output] = try apply(
        node.op, node.inputs.map { $0.flatMap { registers[$0] } }, try Self.type(dtype))
    }
    for output in body.outputs {
      guard let register = registers[output] else { throw Refusal(reason: "an output that nothing computes") }
      results.append(register)
    }
  }

  private mutating func apply(
    _ op: any Operator, _ operands: [(String, PointwiseType)?], _ result: PointwiseType
  ) throws(Refusal) -> (String, PointwiseType) {
    guard let first = operands.compactMap({ $0 }).first else { throw Refusal(reason: "no operand") }
    let text: String
    if op is Cast {
      guard (op as? Cast)?.to == result.dtype else { throw Refusal(reason: "another cast") }
      text = result.converted(first.0, from: first.1)
    } else {
      // The condition of Where is no number.
      let kind = op is Where ? (operands.count > 1 ? operands[1]?.1 : nil) ?? first.1 : first.1
      // Exponents may have a type of their own.
      let names = operands.map { operand in
        operand.map { op is Pow ? kind.converted($0.0, from: $0.1) : $0.0 }
      }
      guard let expression = PointwiseExpression.make(op, names, kind) else {
        throw Refusal(reason: "no expression for \(op.operatorName) of \(kind.dtype.rawValue)")
      }
      text = result.arithmetic == kind.arithmetic ? result.rounded(expression) : expression
    }
    let name = "v\(count)"
    count += 1
    statements.append("const \(result.register) \(name) = \(text);")
    return (name, result)
  }
}
