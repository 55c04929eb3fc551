import ApusCUDA
public import ApusCore
import ApusEngine
import ApusOperators
public import ApusTactics

/// Resize of height and width by nearest or linear interpolation, in NHWC.
public struct ResizeNHWC: CUDATactic {
  public let name = "cuda.resize"
  let context: CUDAContext
  public var operators: [any Operator.Type] { [Resize.self] }

  public func supports(_ node: TacticNode) -> Support {
    guard let dtype = node.dtype, KernelElement(dtype) != nil else { return .no("element type") }
    guard let op = node.op as? Resize, op.mode != .cubic, !op.antialias, coordinate(op) != nil else {
      return .no("the mode of interpolation")
    }
    guard op.nearest != .simple, !op.excludeOutside else { return .no("the mode of rounding") }
    guard let input = node.input(0)?.shape, input.count == 4, let output = node.output()?.shape,
      input[..<2] == output[..<2]
    else { return .no("other axes than height and width") }
    for index in 1..<4 where node.isPresent(index) {
      guard node.constant(index) != nil || (index < node.contents.count && node.contents[index] != nil) else {
        return .no("scales or sizes are computed at run time")
      }
    }
    return .yes([
      LayoutSignature(
        inputs: node.inputs.indices.map { $0 == 0 ? .channelsLast : nil }, outputs: [.channelsLast])
    ])
  }

  private func coordinate(_ op: Resize) -> ResizeKernel.Coordinate? {
    switch op.coordinates {
    case .halfPixel: .halfPixel
    case .asymmetric: .asymmetric
    case .alignCorners: .alignCorners
    case .pytorchHalfPixel: .pytorchHalfPixel
    default: nil
    }
  }

  func absorbed(_ node: TacticNode) -> Set<Int> { [1, 2, 3] }

  func programs(_ node: ConcreteNode) throws -> [CUDAProgram] {
    guard let op = node.op as? Resize, let coordinate = coordinate(op) else { throw node.missing("a mode") }
    let (input, output) = (try node.input(0), try node.output())
    guard let element = KernelElement(input.dtype) else { throw node.refusal("element type") }
    let known = node.inputs.indices.map {
      node.constant($0) ?? ($0 < node.contents.count ? node.contents[$0] : nil)
    }
    let plans = try op.axisPlans(Operands(known), input.shape)
    for plan in plans[2...] {
      guard plan.exactSize == Double(plan.newSize) || op.coordinates != .alignCorners else {
        throw node.refusal("corners of a size that is no integer")
      }
      // The kernel steps in FP32, which could fall on the other side of a tie.
      guard op.mode != .nearest || Double(Float(1 / plan.scale)) * plan.scale == 1 else {
        throw node.refusal("nearest places at a scale that FP32 does not hold")
      }
    }
    let (from, to) = (input.picture, output.picture)
    let steps = (2..<4).map { axis -> Float in
      let plan = plans[axis]
      guard op.coordinates == .alignCorners else { return Float(1 / plan.scale) }
      return plan.newSize > 1 ? Float(plan.oldSize - 1) / Float(plan.newSize - 1) : 0
    }
    let nearest: ResizeKernel.Nearest =
      switch op.nearest {
      case .roundPreferCeil: .roundPreferCeil
      case .floor: .floor
      case .ceil: .ceil
      default: .roundPreferFloor
      }
    let kernel = ResizeKernel(
      element: element, images: from.images, input: [from.height, from.width], result: [to.height, to.width],
      channels: from.channels, isLinear: op.mode == .linear, coordinate: coordinate, nearest: nearest,
      steps: steps)
    return [CUDAProgram("resize", kernel.spec(), ["input": .input(0), "output": .output(0)])]
  }
}
