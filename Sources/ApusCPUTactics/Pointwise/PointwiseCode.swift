import ApusCore
import ApusOperators
import CApusKernels

/// What an elementwise operator is in the pointwise machine: an instruction with its parameters.
struct PointwiseCode {
  var op: apus_pointwise_op
  var alpha = 0.0
  var beta = 0.0

  private init(_ op: apus_pointwise_op, _ alpha: Double = 0, _ beta: Double = 0) {
    self.op = op
    self.alpha = alpha
    self.beta = beta
  }

  /// nil: no instruction does it.
  init?(_ op: any Operator) {
    guard let code = Self.plain[op.operatorName].map({ PointwiseCode($0) }) ?? Self.parametrised(op) else {
      return nil
    }
    self = code
  }

  private static let plain: [String: apus_pointwise_op] = [
    "Add": APUS_PW_ADD, "Sub": APUS_PW_SUB, "Mul": APUS_PW_MUL, "Div": APUS_PW_DIV, "Pow": APUS_PW_POW,
    "Max": APUS_PW_MAX, "Min": APUS_PW_MIN, "Sum": APUS_PW_ADD, "Equal": APUS_PW_EQUAL, "Less": APUS_PW_LESS,
    "LessOrEqual": APUS_PW_LESS_EQUAL, "Greater": APUS_PW_GREATER, "GreaterOrEqual": APUS_PW_GREATER_EQUAL,
    "And": APUS_PW_AND, "Or": APUS_PW_OR, "Xor": APUS_PW_XOR, "PRelu": APUS_PW_PRELU, "Neg": APUS_PW_NEG,
    "Abs": APUS_PW_ABS, "Sign": APUS_PW_SIGN, "Not": APUS_PW_NOT, "Relu": APUS_PW_RELU, "Exp": APUS_PW_EXP,
    "Log": APUS_PW_LOG, "Sqrt": APUS_PW_SQRT, "Reciprocal": APUS_PW_RECIPROCAL, "Floor": APUS_PW_FLOOR,
    "Ceil": APUS_PW_CEIL, "Round": APUS_PW_ROUND, "Erf": APUS_PW_ERF, "Tanh": APUS_PW_TANH,
    "Sigmoid": APUS_PW_SIGMOID, "Sin": APUS_PW_SIN, "Cos": APUS_PW_COS, "Tan": APUS_PW_TAN,
    "Asin": APUS_PW_ASIN,
    "Acos": APUS_PW_ACOS, "Atan": APUS_PW_ATAN, "Sinh": APUS_PW_SINH, "Cosh": APUS_PW_COSH,
    "Asinh": APUS_PW_ASINH,
    "Acosh": APUS_PW_ACOSH, "Atanh": APUS_PW_ATANH, "IsNaN": APUS_PW_ISNAN, "Softplus": APUS_PW_SOFTPLUS,
    "Softsign": APUS_PW_SOFTSIGN, "HardSwish": APUS_PW_HARD_SWISH, "Mish": APUS_PW_MISH,
    "Where": APUS_PW_SELECT,
  ]

  private static func parametrised(_ op: any Operator) -> PointwiseCode? {
    switch op {
    case let op as LeakyRelu: PointwiseCode(APUS_PW_LEAKY_RELU, op.alpha)
    case let op as Elu: PointwiseCode(APUS_PW_ELU, op.alpha)
    case let op as Selu: PointwiseCode(APUS_PW_SELU, op.alpha, op.gamma)
    case let op as Celu: PointwiseCode(APUS_PW_CELU, op.alpha)
    case let op as HardSigmoid: PointwiseCode(APUS_PW_HARD_SIGMOID, op.alpha, op.beta)
    case let op as ThresholdedRelu: PointwiseCode(APUS_PW_THRESHOLDED_RELU, op.alpha)
    case let op as Swish: PointwiseCode(APUS_PW_SILU, op.alpha)
    case let op as Shrink: PointwiseCode(APUS_PW_SHRINK, op.lambda, op.bias)
    case let op as Gelu: PointwiseCode(op.approximate == .tanh ? APUS_PW_GELU_TANH : APUS_PW_GELU)
    case let op as Mod: PointwiseCode(APUS_PW_MOD, op.fmod ? 1 : 0)
    default: nil
    }
  }
}
