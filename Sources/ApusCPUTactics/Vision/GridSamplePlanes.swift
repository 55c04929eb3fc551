public import ApusCore
import ApusCPU
import ApusEngine
import ApusOperators
import ApusTactics

/// Samples at the places of a grid, for all channels of a place.
public struct GridSamplePlanes: RowMajorTactic {
  public let name = "cpu.gridsample"
  public var operators: [any Operator.Type] { [GridSample.self] }

  public init() {}

  func refusal(_ node: TacticNode) -> String? {
    for index in 0...1 where node.input(index)?.dtype != .f32 { return "input \(index) is not FP32" }
    guard let rank = node.input(0)?.rank, (3...5).contains(rank) else { return "the rank is not 3 to 5" }
    return nil
  }

  func record(_ node: TacticNode) throws -> KernelRecord {
    guard let op = node.op as? GridSample else { throw node.mismatch(self) }
    return try GridSampleKernel.record(.init(op: op), tactic: name)
  }
}
