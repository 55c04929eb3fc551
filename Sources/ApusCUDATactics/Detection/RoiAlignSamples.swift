import ApusCUDA
public import ApusCore
import ApusEngine
import ApusOperators
public import ApusTactics

/// RoiAlign and its form for pyramids, an element of the result a thread.
public struct RoiAlignSamples: CUDATactic {
  public let name = "cuda.roi_align"
  let context: CUDAContext
  public var operators: [any Operator.Type] { [MultiscaleRoiAlign.self, RoiAlign.self] }

  public func supports(_ node: TacticNode) -> Support {
    for index in 0..<node.inputs.count where !(node.op is RoiAlign && index == 2) {
      guard let dtype = node.input(index)?.dtype, KernelElement(dtype) != nil else {
        return .no("element type")
      }
    }
    if node.op is RoiAlign, ![.i32, .i64].contains(node.input(2)?.dtype) {
      return .no("type of the regions' pictures")
    }
    return node.inputs.count > RoiAlignKernel.mostLevels + 1
      ? .no("too many levels") : .yes([.all(.rowMajor, node)])
  }

  func programs(_ node: ConcreteNode) throws -> [CUDAProgram] {
    var operands: [String: CUDAProgram.Operand] = ["output": .output(0)]
    if let op = node.op as? RoiAlign {
      var kernel = try kernel(node, regions: 1, levels: [(0, op.spatialScale)])
      kernel.indexBytes = try node.input(2).dtype.bitWidth / 8
      (kernel.size, kernel.samplingRatio) = ([op.outputHeight, op.outputWidth], op.samplingRatio)
      (kernel.movesHalf, kernel.isMaximum) = (op.halfPixel, op.isMaximum)
      operands.merge(["x0": .input(0), "regions": .input(1), "pictures": .input(2)]) { $1 }
      return [CUDAProgram("pool regions", kernel.spec(), operands)]
    }
    guard let op = node.op as? MultiscaleRoiAlign else { throw node.missing("fields") }
    let levels = op.strides.enumerated().map { ($0 + 1, 1 / Double($1)) }
    var kernel = try kernel(node, regions: 0, levels: levels)
    (kernel.size, kernel.samplingRatio) = ([op.outputHeight, op.outputWidth], op.samplingRatio)
    (kernel.movesHalf, kernel.finest) = (op.aligned, op.finestScale)
    operands["regions"] = .input(0)
    for level in levels.indices { operands["x\(level)"] = .input(level + 1) }
    return [CUDAProgram("pool regions of levels", kernel.spec(), operands)]
  }

  /// The kernel without the operator's fields; `levels` are inputs with their scales.
  private func kernel(_ node: ConcreteNode, regions: Int, levels: [(input: Int, scale: Double)]) throws
    -> RoiAlignKernel
  {
    let (boxes, maps) = (try node.input(regions), try levels.map { try node.input($0.input) })
    guard let element = KernelElement(maps[0].dtype), let regionElement = KernelElement(boxes.dtype),
      maps.allSatisfy({ $0.shape[0] == maps[0].shape[0] && $0.shape[1] == maps[0].shape[1] }),
      maps.allSatisfy({ $0.elementCount > 0 })
    else { throw node.refusal("levels differ in type, pictures or channels, or are empty") }
    return RoiAlignKernel(
      element: element, regionElement: regionElement, indexBytes: nil,
      levels: zip(levels, maps).map { .init(height: $1.shape[2], width: $1.shape[3], scale: $0.scale) },
      pictures: maps[0].shape[0], channels: maps[0].shape[1], regions: boxes.shape[0], size: [1, 1],
      samplingRatio: 0, movesHalf: false)
  }
}
