public import ApusCore
import ApusOperators

/// Folds a BatchNormalization into the weights and bias of the Conv, ConvTranspose or Linear before it.
///
/// ```
/// %c = Conv(%x, %w, %b)
/// %y = BatchNormalization(%c, %scale, %shift, %mean, %variance)
/// ```
/// becomes
/// ```
/// %y = Conv(%x, %w', %b')
/// ```
/// with `factor = scale / sqrt(variance + epsilon)`, `w' = w * factor`, `b' = (b - mean) * factor + shift`.
public struct FuseBatchNormalization: Rule {
  public struct Finding {
    let contraction: Contraction
    let factors: [Double]
    let shifts: [Double]
  }

  public init() {}

  public var patterns: [Pattern] {
    [BatchNormalization.pattern(.anyOf(Contraction.operators, "x", shared: true))]
  }

  public func check(_ match: Match, in graph: Graph) throws(Refusal) -> Finding {
    let contraction = try Contraction(match.value("x"), in: graph)
    try contraction.checkIsLinear()
    guard contraction.channelAxis == 1 else { throw Refusal("the channels are not axis 1") }
    let (factors, shifts) = try BatchNormalization.affine(match, in: graph)
    guard factors.count == contraction.channels else { throw Refusal("the channel counts differ") }
    return Finding(contraction: contraction, factors: factors, shifts: shifts)
  }

  public func rewrite(_ match: Match, _ finding: Finding, _ patch: inout Patch) throws {
    let contraction = finding.contraction
    let bias = contraction.channelIndices.map {
      contraction.biasNumbers[$0] * finding.factors[$0] + finding.shifts[$0]
    }
    try contraction.replace(
      match.value("bn"), weight: contraction.weight(scaledBy: finding.factors), bias: bias, &patch)
  }
}

extension Contraction {
  var channelIndices: Range<Int> { 0..<channels }
}

extension BatchNormalization {
  /// A normalization with constant statistics.
  static func pattern(_ x: Pattern) -> Pattern {
    .op(
      BatchNormalization.self, "bn",
      [x, .constant("scale"), .constant("shift"), .constant("mean"), .constant("variance")])
  }

  /// The normalization as `x * factor + shift`, one pair a channel.
  static func affine(_ match: Match, in graph: Graph) throws(Refusal) -> ([Double], [Double]) {
    let node = graph[match.node("bn")]
    guard let op = node.op as? BatchNormalization, !op.trainingMode, op.spatial,
      node.outputs.dropFirst().allSatisfy({ $0 == nil })
    else { throw Refusal("the normalization trains, or has statistics for each position") }
    let numbers = ["scale", "shift", "mean", "variance"].map {
      graph[match.value($0)].constant?.doubles() ?? []
    }
    guard Set(numbers.map(\.count)).count == 1 else { throw Refusal("the statistics differ in size") }
    let factors = zip(numbers[0], numbers[3]).map { $0 / ($1 + op.epsilon).squareRoot() }
    let shifts = factors.indices.map { numbers[1][$0] - numbers[2][$0] * factors[$0] }
    return (factors, shifts)
  }
}
