import ApusCUDA
public import ApusCore
import ApusEngine
import ApusOperators
public import ApusTactics

/// Every normalization by mean and variance in its general form: any axes, computed or broadcast scale and shift,
/// statistics as outputs.
public struct NormalizeGroups: CUDATactic {
  public let name = "cuda.normalize"
  let context: CUDAContext
  public var operators: [any Operator.Type] {
    [
      BatchNormalization.self, GroupNormalization.self, InstanceNormalization.self, LayerNormalization.self,
      MeanVarianceNormalization.self, RMSNormalization.self,
    ]
  }

  public func supports(_ node: TacticNode) -> Support {
    guard let dtype = node.dtype, dtype.isFloat, !dtype.isMiniFloat else { return .no("element type") }
    guard node.input(0)?.rank != nil else { return .no("the rank is unknown") }
    if let op = node.op as? BatchNormalization {
      guard op.trainingMode else { return .no("statistics are given") }
      guard op.spatial else { return .no("statistics of each pixel") }
    }
    let types = node.inputs.dropFirst().compactMap { $0?.tensor?.dtype }
    guard types.allSatisfy({ $0.isFloat && !$0.isMiniFloat }) else { return .no("type of the parameters") }
    if let scale = node.input(1)?.dtype, let bias = node.input(2)?.dtype, scale != bias {
      return .no("scale and shift differ in type")
    }
    return .yes([.all(.rowMajor, node)])
  }

  /// What `normalize.cu` is told.
  private struct Form {
    var shape: [Int]
    var reduced: Set<Int>
    var epsilon: Double
    /// Strides of scale and bias along the axes of `shape`.
    var scale: [Int]?
    var bias: [Int]?
    var isRMS = false
    var addsToDeviation = false
    var showsVariance = false
    var momentum = 0.0
  }

  private func form(_ node: ConcreteNode) throws -> Form {
    let shape = try node.input(0).shape
    let rank = shape.count
    func strides(_ index: Int) -> [Int]? {
      guard node.isPresent(index), let given = node.inputs[index]?.shape else { return nil }
      return Broadcasting.strides(of: given, over: shape)
    }
    let channels = shape.indices.map { $0 == 1 ? 1 : 0 }
    switch node.op {
    case let op as LayerNormalization:
      let axes = Set(try normalizedAxis(op.axis, rank: rank)..<rank)
      return Form(shape: shape, reduced: axes, epsilon: op.epsilon, scale: strides(1), bias: strides(2))
    case let op as RMSNormalization:
      let axes = Set(try normalizedAxis(op.axis, rank: rank)..<rank)
      return Form(shape: shape, reduced: axes, epsilon: op.epsilon, scale: strides(1), isRMS: true)
    case let op as InstanceNormalization:
      return Form(
        shape: shape, reduced: Set(2..<rank), epsilon: op.epsilon, scale: channels, bias: channels)
    case let op as GroupNormalization:
      let size = shape[1] / max(op.groups, 1)
      let split = [shape[0], op.groups, size, shape[2...].reduce(1, *)]
      let places = op.scalePerGroup ? [0, 1, 0, 0] : [0, size, 1, 0]
      return Form(shape: split, reduced: [2, 3], epsilon: op.epsilon, scale: places, bias: places)
    case let op as MeanVarianceNormalization:
      let axes = Set(try op.axes.map { try normalizedAxis($0, rank: rank) })
      return Form(shape: shape, reduced: axes, epsilon: 1e-9, addsToDeviation: true)
    case let op as BatchNormalization:
      return Form(
        shape: shape, reduced: Set(shape.indices).subtracting([1]), epsilon: op.epsilon, scale: channels,
        bias: channels, showsVariance: true, momentum: op.momentum)
    default: throw node.missing("a normalization")
    }
  }

  func programs(_ node: ConcreteNode) throws -> [CUDAProgram] {
    let input = try node.input(0)
    let form = try form(node)
    let none = form.shape.map { _ in 0 }
    let groups = GroupedAxes(
      form.shape, reduced: form.reduced, others: [form.scale ?? none, form.bias ?? none])
    let isBatch = node.op is BatchNormalization
    let statistics = node.outputs.dropFirst().compactMap { $0?.dtype }.first ?? .f32
    if isBatch, try node.input(3).dtype != statistics { throw node.refusal("type of the statistics") }
    let isWide = input.dtype == .f64
    let kernel = GeneralKernel(
      "normalize.cu", items: groups.groups, lanes: groups.lanes,
      types: [
        "IN": input.dtype, "PARAMETER": node.isPresent(1) ? try node.input(1).dtype : .f32,
        "OUT": try node.output().dtype, "STATISTIC": statistics,
      ],
      defines: groups.defines(["PARAMETERS", "SHIFTS"]) + [
        .init("SUMS", isWide ? "double" : "float"), .init("EPSILON", form.epsilon), .init("RMS", form.isRMS),
        .init("DEVIATION", form.addsToDeviation), .init("SCALE", form.scale != nil),
        .init("BIAS", form.bias != nil), .init("SECOND", form.showsVariance),
        .init("MOMENTUM", form.momentum),
      ],
      operands: [
        "input", "scale", "bias", "output", "mean", "second", "oldMean", "oldVariance", "runningMean",
        "runningVariance",
      ])
    return [CUDAProgram("normalize", kernel.spec(), operands(node, isRMS: form.isRMS))]
  }

  private func operands(_ node: ConcreteNode, isRMS: Bool) -> [String: CUDAProgram.Operand] {
    let isBatch = node.op is BatchNormalization
    let outputs =
      isBatch
      ? ["output", "runningMean", "runningVariance", "mean", "second"]
      : isRMS ? ["output", "second"] : ["output", "mean", "second"]
    var operands: [String: CUDAProgram.Operand] = [:]
    for (index, name) in outputs.enumerated() where index < node.outputs.count && node.outputs[index] != nil {
      operands[name] = .output(index)
    }
    for (index, name) in ["input", "scale", "bias", "oldMean", "oldVariance"].enumerated()
    where node.isPresent(index) && (index < 3 || isBatch) {
      operands[name] = .input(index)
    }
    return operands
  }
}
