public import ApusCore
import ApusCPU
import ApusEngine
import ApusOperators
import ApusTactics

/// Places of the boxes that suppression leaves: counted first, then written; a class of a picture a task.
public struct BoxSuppressionPlaces: RowMajorTactic {
  public let name = "cpu.box_suppression"
  public var operators: [any Operator.Type] { [BoxSuppression.self, NonMaxSuppression.self] }

  public init() {}

  func refusal(_ node: TacticNode) -> String? {
    for index in 0..<2 where node.input(index)?.dtype != .f32 { return "input \(index) is not FP32" }
    return nil
  }

  func record(_ node: TacticNode) throws -> KernelRecord {
    if let op = node.op as? BoxSuppression {
      return try BoxSuppressionKernel.record(.init(.places, overlap: op.iouThreshold), tactic: name)
    }
    guard let op = node.op as? NonMaxSuppression else { throw node.mismatch(self) }
    return try BoxSuppressionKernel.record(.init(op.centerPoints ? .onnxMiddles : .onnx), tactic: name)
  }
}
