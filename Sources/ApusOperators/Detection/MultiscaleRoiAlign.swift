public import ApusCore
import Glibc

/// Pools each region from the level of a feature pyramid that suits its size, as torchvision's MultiScaleRoIAlign.
///
/// Inputs: regions `[r, 5]` (picture, x1, y1, x2, y2 in pixels of the picture), then levels `[n, c, h, w]` from the finest.
/// Result: `[r, c, output_height, output_width]`. A region of side `finest_scale` or less comes from the first level, each
/// doubling from the next one. Lin et al., "Feature pyramid networks", 2017.
public struct MultiscaleRoiAlign: Plugin {
  public var outputHeight = 7
  public var outputWidth = 7
  public var samplingRatio = 2
  /// Pixels of the picture an element of each level stands for.
  public var strides: [Float] = [4, 8, 16, 32]
  /// Side in pixels of regions of the first level; those of twice that side and more come from later ones.
  public var finestScale = 56
  /// Whether coordinates are moved by half an element.
  public var aligned = false

  public static var importers: [Importer] { [] }

  public static let plugin = description("MultiscaleRoiAlign")
  /// The name in models of MMDeploy.
  static let mmcvPlugin = description("MMCVMultiLevelRoiAlign")

  private static func description(_ name: String) -> PluginDescription {
    PluginDescription(
      name, summary: "Pools regions from the levels of a feature pyramid", inputs: ["regions", "levels..."],
      outputs: ["pooled"],
      fields: [
        PluginField("output_height", .int32, default: .int(7), "rows of a pooled region"),
        PluginField("output_width", .int32, default: .int(7), "columns of a pooled region"),
        PluginField(
          "sampling_ratio", .int32, default: .int(2), "samples of a bin along an axis; 0: by its size"),
        PluginField("featmap_strides", .float32, count: 1...64, "pixels an element of each level stands for"),
        PluginField("finest_scale", .int32, default: .int(56), "side of regions of the first level"),
        PluginField("aligned", .int32, default: .int(0), "1: coordinates are moved by half an element"),
        PluginField("pool_mode", .int32, default: .int(1), "1: average"),
        PluginField(
          "roi_scale_factor", .float32, default: .float(-1), "must be -1: regions are not rescaled"),
      ], origin: "built in")
  }

  public init() {}

  public init(fields: PluginFields) throws {
    outputHeight = fields.int("output_height")
    outputWidth = fields.int("output_width")
    samplingRatio = fields.int("sampling_ratio")
    strides = fields.floats("featmap_strides")
    finestScale = fields.int("finest_scale")
    aligned = fields.flag("aligned")
    try require(
      fields.int("pool_mode") == 1, attribute: "pool_mode", value: fields.int("pool_mode"), allowed: "1")
    let factor = fields.float("roi_scale_factor")
    try require(factor <= 0, attribute: "roi_scale_factor", value: factor, allowed: "-1")
    try checkFields()
  }

  private func checkFields() throws {
    try require(outputHeight > 0, attribute: "output_height", value: outputHeight, allowed: "1 and more")
    try require(outputWidth > 0, attribute: "output_width", value: outputWidth, allowed: "1 and more")
    try require(finestScale > 0, attribute: "finest_scale", value: finestScale, allowed: "1 and more")
    try require(
      !strides.isEmpty && strides.allSatisfy { $0 > 0 }, attribute: "featmap_strides", value: "\(strides)",
      allowed: "more than 0")
  }

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    try checkFields()
    let regions = try context.floating(0)
    try require(
      context.inputs.count == strides.count + 1,
      "\(context.inputs.count - 1) levels, but \(strides.count) featmap_strides")
    var channels: Dim?
    for level in 1...strides.count {
      try context.expect(regions.dtype, at: level)
      guard let shape = try context.shape(level, rank: 4...4) else { continue }
      channels = try channels.map { try unified($0, shape[1], "channels of the levels") } ?? shape[1]
    }
    let count = try context.shape(0, rank: 2...2)?[0] ?? context.fresh("regions")
    return [
      .tensor(
        regions.dtype,
        [count, channels ?? context.fresh("channels"), .constant(outputHeight), .constant(outputWidth)])
    ]
  }

  /// The level that serves a region of this size in pixels, counted from 0.
  package func level(width: Double, height: Double) -> Int {
    let side = (width * height).squareRoot()
    let level = log2(side / Double(finestScale)) + 1e-6
    return level.isNaN ? 0 : Int(min(max(level.rounded(.down), 0), Double(strides.count - 1)))
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    try checkFields()
    let regions = try operands.tensor(0, rank: 2...2)
    try require(regions.shape[1] == 5, "a region has \(regions.shape[1]) numbers, not 5")
    try require(operands.count == strides.count + 1, "levels and featmap_strides differ in number")
    let levels = try (1...strides.count).map { try operands.tensor($0, rank: 4...4) }
    let channels = levels[0].shape[1]
    try require(levels.allSatisfy { $0.shape[1] == channels }, "levels differ in channels")
    let numbers = regions.doubles()
    let rows = (0..<regions.shape[0]).map { numbers[5 * $0..<5 * $0 + 5] }
    let size = channels * outputHeight * outputWidth
    var result = [Double](repeating: 0, count: rows.count * size)
    for (index, level) in levels.enumerated() {
      let members = rows.indices.filter { row in
        let r = Array(rows[row])
        return self.level(width: r[3] - r[1], height: r[4] - r[2]) == index
      }
      if members.isEmpty { continue }
      var align = RoiAlign()
      (align.outputHeight, align.outputWidth) = (outputHeight, outputWidth)
      (align.samplingRatio, align.halfPixel) = (samplingRatio, aligned)
      align.spatialScale = 1 / Double(strides[index])
      let boxes = Tensor(doubles: members.flatMap { rows[$0].dropFirst() }, .f64, [members.count, 4])
      let pictures = Tensor(
        integers: members.map { Int64(exactly: rows[$0].first ?? 0) ?? -1 }, .i64, [members.count])
      let pooled = try align.evaluate(Operands([level, boxes, pictures]))[0].tensor?.doubles() ?? []
      for (place, member) in members.enumerated() {
        for element in 0..<size { result[member * size + element] = pooled[place * size + element] }
      }
    }
    return [
      .tensor(Tensor(doubles: result, regions.dtype, [rows.count, channels, outputHeight, outputWidth]))
    ]
  }
}
