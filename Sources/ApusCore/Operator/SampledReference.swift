/// An operator whose result can be computed at chosen places only, so that large layers can be checked without
/// computing all of them.
public protocol SampledReference: Operator {
  /// Elements of output `output` at `positions` (indices of the output's rank), in double precision and unrounded.
  /// Throws `OperatorError` when the operands do not fit or a position lies outside the output.
  func evaluate(at positions: [[Int]], of output: Int, _ operands: Operands) throws -> [Double]
}
