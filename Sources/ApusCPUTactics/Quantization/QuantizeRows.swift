public import ApusCore
import ApusCPU
import ApusEngine
import ApusOperators
import ApusTactics

/// FP32 to narrow integers and back.
public struct QuantizeRows: RowMajorTactic {
  public let name = "cpu.quantize"
  public var operators: [any Operator.Type] { [DequantizeLinear.self, QuantizeLinear.self] }

  public init() {}

  func refusal(_ node: TacticNode) -> String? {
    let reads = node.op is DequantizeLinear
    let (wide, narrow) = reads ? (node.output()?.dtype, node.dtype) : (node.dtype, node.output()?.dtype)
    guard wide == .f32, node.input(1)?.dtype == .f32 else { return "tensor and scale are not FP32" }
    if let op = node.op as? QuantizeLinear, let precision = op.precision, precision != .f32 {
      return "rounded in \(precision.rawValue)"
    }
    guard let narrow, [.i8, .u8, .i16, .u16].contains(narrow) || (reads && narrow == .i32) else {
      return "element type \(narrow?.rawValue ?? "unknown")"
    }
    return nil
  }

  func record(_ node: TacticNode) throws -> KernelRecord {
    switch node.op {
    case let op as DequantizeLinear:
      try QuantizeKernel.record(
        .init(axis: op.axis, blockSize: op.blockSize, dequantizes: true), tactic: name)
    case let op as QuantizeLinear:
      try QuantizeKernel.record(
        .init(axis: op.axis, blockSize: op.blockSize, dequantizes: false), tactic: name)
    default: throw node.mismatch(self)
    }
  }
}
