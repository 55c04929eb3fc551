import ApusCore
import ApusEngine
import ApusTactics

/// A tactic whose kernel takes dense row-major tensors and packs nothing.
protocol RowMajorTactic: Tactic {
  /// Why a node has no such kernel; nil: it has.
  func refusal(_ node: TacticNode) -> String?

  func record(_ node: TacticNode) throws -> KernelRecord

  /// Pairs (output, input) that may share memory.
  var inPlace: [[Int]] { get }
}

extension RowMajorTactic {
  var inPlace: [[Int]] { [] }

  public func supports(_ node: TacticNode) -> Support {
    refusal(node).map { .no($0) } ?? .yes([.all(.rowMajor, node)])
  }

  public func build(_ node: TacticNode, layouts: LayoutSignature, constants: ConstantPool) throws
    -> BuiltKernel
  {
    BuiltKernel(try record(node), inPlace: inPlace)
  }
}

extension TacticNode {
  /// Why kernels that move whole bytes of elements cannot serve an input.
  func bytesRefusal(_ index: Int = 0) -> String? {
    guard let dtype = input(index)?.dtype else { return "the type of input \(index) is not known" }
    return dtype.bitWidth >= 8 ? nil : "elements of \(dtype.rawValue) are no whole bytes"
  }

  /// Why kernels cannot follow the indices of an input.
  func indexRefusal(_ index: Int) -> String? {
    guard let dtype = input(index)?.dtype else { return "the type of input \(index) is not known" }
    return dtype == .i64 || dtype == .i32 ? nil : "indices of \(dtype.rawValue)"
  }

  /// Why the first input's type has no kernel.
  func refusal(unless isTaken: Bool) -> String? {
    isTaken ? nil : "element type \(dtype?.rawValue ?? "unknown")"
  }
}
