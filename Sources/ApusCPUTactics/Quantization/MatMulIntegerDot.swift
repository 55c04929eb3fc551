public import ApusCore
import ApusCPU
import ApusEngine
import ApusOperators
import ApusTactics

/// 8-bit matrix products by dot products of 16-bit integers.
public struct MatMulIntegerDot: RowMajorTactic {
  public let name = "cpu.matmul.integer"
  public var operators: [any Operator.Type] { [MatMulInteger.self, QLinearMatMul.self] }

  public init() {}

  func refusal(_ node: TacticNode) -> String? {
    let requantizes = node.op is QLinearMatMul
    let second = requantizes ? 3 : 1
    if let reason = node.byteRefusal(requantizes ? [0, 2, 3, 5, 7] : [0, 1, 2, 3]) { return reason }
    guard let a = node.input(0)?.shape, let b = node.input(second)?.shape, a.count >= 2, b.count >= 2 else {
      return "the ranks are not known to be 2 or more"
    }
    guard a.count == 2 || b.count == 2 || a.dropLast(2) == b.dropLast(2) else { return "batches differ" }
    for index in [2, requantizes ? 5 : 3] where node.isPresent(index) {
      guard let rank = node.input(index)?.rank, rank <= 1 else { return "zero points are no vector" }
    }
    guard requantizes else { return nil }
    return node.scaleRefusal([1, 4, 6])
  }

  func record(_ node: TacticNode) throws -> KernelRecord {
    try IntegerProductKernel.record(.init(requantizes: node.op is QLinearMatMul), tactic: name)
  }
}

extension TacticNode {
  /// Why kernels of 8-bit integers cannot serve inputs, those that are there.
  func byteRefusal(_ indices: [Int]) -> String? {
    for index in indices where isPresent(index) {
      guard let dtype = input(index)?.dtype, dtype == .i8 || dtype == .u8 else {
        return "input \(index) is not of 8-bit integers"
      }
    }
    return nil
  }

  /// Why inputs are no single FP32 scale each.
  func scaleRefusal(_ indices: [Int]) -> String? {
    for index in indices {
      guard let type = input(index), type.dtype == .f32, type.shape?.elementCount == 1 else {
        return "input \(index) is no single FP32 scale"
      }
    }
    return nil
  }
}
