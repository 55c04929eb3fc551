public import ApusCore
import ApusCPU
import ApusEngine
import ApusOperators
import ApusTactics

/// 8-bit convolutions as dot products of 16-bit integers with gathered columns.
public struct ConvIntegerDot: RowMajorTactic {
  public let name = "cpu.conv.integer"
  public var operators: [any Operator.Type] { [ConvInteger.self, QLinearConv.self] }

  public init() {}

  func refusal(_ node: TacticNode) -> String? {
    let requantizes = node.op is QLinearConv
    if let reason = node.byteRefusal(requantizes ? [0, 2, 3, 5, 7] : [0, 1, 2, 3]) { return reason }
    guard let rank = node.input(0)?.rank, (3...5).contains(rank) else { return "the rank is not 3 to 5" }
    guard node.isSingle(2) else { return "the input has more than one zero point" }
    guard requantizes else { return nil }
    guard node.isSingle(7), node.input(4)?.dtype == .f32 else { return "the result's scales are not FP32" }
    if node.isPresent(8), node.input(8)?.dtype != .i32 { return "the bias is not I32" }
    return node.scaleRefusal([1, 6])
  }

  func record(_ node: TacticNode) throws -> KernelRecord {
    guard let op = node.op as? any QuantizedConvolution else { throw node.mismatch(self) }
    return try IntegerConvKernel.record(
      .init(conv: op.conv, requantizes: node.op is QLinearConv), tactic: name)
  }
}

extension TacticNode {
  /// Whether an input is left out or known to have one element.
  func isSingle(_ index: Int) -> Bool { !isPresent(index) || input(index)?.shape?.elementCount == 1 }
}
