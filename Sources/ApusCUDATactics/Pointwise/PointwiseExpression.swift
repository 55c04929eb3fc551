import ApusCore
import ApusOperators

/// Elementwise operators as expressions of CUDA C++.
enum PointwiseExpression {
  /// The result of an operator on registers of one type; nil where there is no expression for it.
  ///
  /// - Parameters:
  ///   - given: Names of the registers, nil for operands that are left out.
  ///   - type: Type of the (first numeric) operands.
  static func make(_ op: any Operator, _ given: [String?], _ type: PointwiseType) -> String? {
    let operands = given.compactMap { $0 }
    guard let a = operands.first else { return nil }
    if let clip = op as? Clip { return self.clip(clip, given, type) }
    if operands.count == 1, let text = unary(op, a, type) { return text }
    if op is Where {
      guard operands.count == 3 else { return nil }
      return "(\(operands[0]) ? \(operands[1]) : \(operands[2]))"
    }
    if let fold = variadic(op, type) {
      let sum = operands.dropFirst().reduce(a, fold)
      return op is Mean ? "(\(sum) / \(type.literal(Double(operands.count))))" : sum
    }
    guard operands.count == 2 else { return nil }
    return binary(op, a, operands[1], type)
  }

  private static func isFloating(_ type: PointwiseType) -> Bool {
    type.arithmetic == .float || type.arithmetic == .double
  }

  private static func clip(_ op: Clip, _ given: [String?], _ type: PointwiseType) -> String? {
    guard var result = given[0] else { return nil }
    if given.count > 1, let low = given[1] { result = "(\(result) < \(low) ? \(low) : \(result))" }
    if given.count > 2, let high = given[2] { result = "(\(result) > \(high) ? \(high) : \(result))" }
    return result
  }

  /// How two operands of operators with any number of them come together.
  private static func variadic(_ op: any Operator, _ type: PointwiseType) -> ((String, String) -> String)? {
    let spreadsNaN = isFloating(type)
    switch op {
    case is Sum, is Mean: return { "(\($0) + \($1))" }
    case is Max:
      return {
        spreadsNaN ? "(\($0) != \($0) || \($0) > \($1) ? \($0) : \($1))" : "(\($0) > \($1) ? \($0) : \($1))"
      }
    case is Min:
      return {
        spreadsNaN ? "(\($0) != \($0) || \($0) < \($1) ? \($0) : \($1))" : "(\($0) < \($1) ? \($0) : \($1))"
      }
    default: return nil
    }
  }

  private static func binary(_ op: any Operator, _ a: String, _ b: String, _ type: PointwiseType) -> String? {
    switch op {
    case is Add: return "(\(a) + \(b))"
    case is Sub: return "(\(a) - \(b))"
    case is Mul: return "(\(a) * \(b))"
    case is Div: return isFloating(type) ? "(\(a) / \(b))" : "(\(b) == 0 ? 0 : \(a) / \(b))"
    case is Pow: return isFloating(type) ? "\(call("pow", type))(\(a), \(b))" : nil
    case let op as Mod: return mod(op, a, b, type)
    case is Equal: return "(\(a) == \(b))"
    case is Less: return "(\(a) < \(b))"
    case is LessOrEqual: return "(\(a) <= \(b))"
    case is Greater: return "(\(a) > \(b))"
    case is GreaterOrEqual: return "(\(a) >= \(b))"
    case is And: return "(\(a) && \(b))"
    case is Or: return "(\(a) || \(b))"
    case is Xor: return "(\(a) != \(b))"
    case is BitwiseAnd: return "(\(a) & \(b))"
    case is BitwiseOr: return "(\(a) | \(b))"
    case is BitwiseXor: return "(\(a) ^ \(b))"
    case let op as BitShift:
      return "(\(b) >= \(type.bytes * 8) ? 0 : (\(a) \(op.direction == .left ? "<<" : ">>") \(b)))"
    case is PRelu: return "(\(a) < 0 ? \(a) * \(b) : \(a))"
    default: return nil
    }
  }

  private static func mod(_ op: Mod, _ a: String, _ b: String, _ type: PointwiseType) -> String? {
    if isFloating(type) { return "\(call("fmod", type))(\(a), \(b))" }
    if type.arithmetic == .unsigned || op.fmod { return "(\(b) == 0 ? 0 : \(a) % \(b))" }
    return "(\(b) == 0 ? 0 : (\(a) % \(b) + \(b)) % \(b))"
  }

  /// A function of C's library for the type.
  private static func call(_ name: String, _ type: PointwiseType) -> String {
    type.arithmetic == .double ? name : name + "f"
  }

  private static let functions: [String: String] = [
    "Exp": "exp", "Log": "log", "Sqrt": "sqrt", "Sin": "sin", "Cos": "cos", "Tan": "tan", "Asin": "asin",
    "Acos": "acos", "Atan": "atan", "Sinh": "sinh", "Cosh": "cosh", "Tanh": "tanh", "Asinh": "asinh",
    "Acosh": "acosh", "Atanh": "atanh", "Floor": "floor", "Ceil": "ceil", "Round": "rint", "Erf": "erf",
  ]

  private static func unary(_ op: any Operator, _ x: String, _ type: PointwiseType) -> String? {
    switch op {
    case is Identity, is Sum, is Max, is Min, is Mean: return x
    case is Neg: return "(-\(x))"
    case is Abs: return "(\(x) < 0 ? -\(x) : \(isFloating(type) ? "\(call("fabs", type))(\(x))" : x))"
    case is Sign: return "(\(x) > 0 ? \(type.literal(1)) : \(x) < 0 ? \(type.literal(-1)) : \(x))"
    case is Not: return "(!\(x))"
    case is BitwiseNot: return "(~\(x))"
    case is Relu: return "(\(x) < 0 ? \(type.literal(0)) : \(x))"
    default: return isFloating(type) ? floating(op, x, type) : nil
    }
  }

  private static func floating(_ op: any Operator, _ x: String, _ type: PointwiseType) -> String? {
    if let name = functions[op.operatorName] { return "\(call(name, type))(\(x))" }
    let f = { (value: Double) in type.literal(value) }
    let exp = call("exp", type)
    switch op {
    case is Reciprocal: return "(\(f(1)) / \(x))"
    case is Sigmoid: return "(\(f(1)) / (\(f(1)) + \(exp)(-\(x))))"
    case let op as Swish: return "(\(x) / (\(f(1)) + \(exp)(-\(f(op.alpha)) * \(x))))"
    case is IsNaN: return "(\(x) != \(x))"
    case let op as IsInf:
      return
        "((\(op.detectPositive ? "\(x) == \(f(.infinity))" : "false")) || (\(op.detectNegative ? "\(x) == \(f(-.infinity))" : "false")))"
    case is Softplus:
      return
        "(\(call("fmax", type))(\(x), \(f(0))) + \(call("log1p", type))(\(exp)(-\(call("fabs", type))(\(x)))))"
    case is Softsign: return "(\(x) / (\(f(1)) + \(call("fabs", type))(\(x))))"
    case is HardSwish:
      return
        "(\(x) * \(call("fmin", type))(\(call("fmax", type))(\(x) / \(f(6)) + \(f(0.5)), \(f(0))), \(f(1))))"
    case is Mish:
      return
        "(\(x) * \(call("tanh", type))(\(call("fmax", type))(\(x), \(f(0))) + \(call("log1p", type))(\(exp)(-\(call("fabs", type))(\(x))))))"
    case let op as LeakyRelu: return "(\(x) < 0 ? \(f(op.alpha)) * \(x) : \(x))"
    case let op as Elu: return "(\(x) < 0 ? \(f(op.alpha)) * \(call("expm1", type))(\(x)) : \(x))"
    case let op as Celu:
      return "(\(x) < 0 ? \(f(op.alpha)) * \(call("expm1", type))(\(x) / \(f(op.alpha))) : \(x))"
    case let op as Selu:
      return "(\(f(op.gamma)) * (\(x) <= 0 ? \(f(op.alpha)) * \(call("expm1", type))(\(x)) : \(x)))"
    case let op as HardSigmoid:
      return
        "\(call("fmin", type))(\(call("fmax", type))(\(f(op.alpha)) * \(x) + \(f(op.beta)), \(f(0))), \(f(1)))"
    case let op as ThresholdedRelu: return "(\(x) > \(f(op.alpha)) ? \(x) : \(f(0)))"
    case let op as Shrink:
      return
        "(\(x) < \(f(-op.lambda)) ? \(x) + \(f(op.bias)) : \(x) > \(f(op.lambda)) ? \(x) - \(f(op.bias)) : \(f(0)))"
    case let op as Gelu:
      if op.approximate == .tanh {
        return
          "(\(f(0.5)) * \(x) * (\(f(1)) + \(call("tanh", type))(\(f((2 / Double.pi).squareRoot())) * (\(x) + \(f(0.044715)) * \(x) * \(x) * \(x)))))"
      }
      return "(\(f(0.5)) * \(x) * (\(f(1)) + \(call("erf", type))(\(x) * \(f(0.5.squareRoot())))))"
    default: return nil
    }
  }
}
