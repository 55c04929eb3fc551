/// A product of matrices as a library computes it: `activation(alpha * op(input) * op(weights) + beta * residual + bias)`,
/// row-major, batch by batch.
public struct MatrixProduct: Sendable, Hashable, Codable {
  /// What a library applies to its results.
  public enum Activation: String, Sendable, Hashable, Codable { case none, relu, geluTanh }

  /// How operands are multiplied; all of them are of its type, sums are FP32.
  public var math: ConvolutionProblem.Math
  public var rows: Int
  public var columns: Int
  public var reduction: Int
  /// Whether the first operand is [reduction][rows], the second [columns][reduction].
  public var inputIsTransposed: Bool
  public var weightsAreTransposed: Bool
  public var batches: Int
  /// Elements from one batch to the next in input, weights and output; 0: one matrix for all.
  public var batchStrides: [Int]
  public var alpha: Float
  public var beta: Float
  /// Whether a value is added to every column, and a matrix to the whole.
  public var hasBias: Bool
  public var hasResidual: Bool
  public var activation: Activation

  public init(math: ConvolutionProblem.Math, rows: Int, columns: Int, reduction: Int) {
    self.math = math
    self.rows = rows
    self.columns = columns
    self.reduction = reduction
    inputIsTransposed = false
    weightsAreTransposed = false
    batches = 1
    batchStrides = [0, 0, 0]
    alpha = 1
    beta = 0
    hasBias = false
    hasResidual = false
    activation = .none
  }

  /// Names of the operands that a call reads and writes.
  public var operands: Set<String> {
    var names: Set = ["input", "weights", "output"]
    if hasBias { names.insert("bias") }
    if hasResidual { names.insert("residual") }
    return names
  }
}
