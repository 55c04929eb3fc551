public import ApusCore

/// Deformable convolution with its operands in the order of the plugins of TensorRT and MMDeploy: x, offset, mask, weight,
/// optional bias. The arithmetic is `DeformConv`'s. Zhu et al., "Deformable ConvNets v2", 2019.
public struct ModulatedDeformConv2d: Plugin {
  public var convolution = DeformConv()

  public static var importers: [Importer] { [] }

  public static let plugin = description("ModulatedDeformConv2d")
  /// The name in models of MMDeploy.
  static let mmcvPlugin = description("MMCVModulatedDeformConv2d")

  private static func description(_ name: String) -> PluginDescription {
    PluginDescription(
      name, summary: "Deformable convolution whose samples are weighted",
      inputs: ["x", "offset", "mask", "weight", "bias?"], outputs: ["y"],
      fields: [
        PluginField("stride", .int32, count: 1...2, default: .list([.int(1), .int(1)]), "rows and columns"),
        PluginField("padding", .int32, count: 1...2, default: .list([.int(0), .int(0)]), "rows and columns"),
        PluginField(
          "dilation", .int32, count: 1...2, default: .list([.int(1), .int(1)]), "rows and columns"),
        PluginField("group", .int32, default: .int(1), "groups of channels"),
        PluginField(
          "deformable_group", .int32, default: .int(1), "groups of channels with offsets of their own"),
      ], origin: "built in")
  }

  public init() {}

  public init(fields: PluginFields) throws {
    func pair(_ name: String) -> [Int] {
      let values = fields.ints(name)
      return values.count == 1 ? values + values : values
    }
    convolution.strides = pair("stride")
    convolution.pads = pair("padding") + pair("padding")
    convolution.dilations = pair("dilation")
    convolution.group = fields.int("group")
    convolution.offsetGroup = fields.int("deformable_group")
  }

  /// Positions of `DeformConv`'s inputs (x, weight, offset, bias, mask) among this one's.
  package static let order = [0, 3, 1, 4, 2]

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    let inputs = Self.order.map { $0 < context.inputs.count ? context.inputs[$0] : nil }
    return try convolution.infer(
      InferenceContext(
        inputs: inputs, constants: Self.order.map { context.constant($0) }, symbols: context.symbols))
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    try convolution.evaluate(Operands(Self.order.map { operands.value($0) }))
  }
}
