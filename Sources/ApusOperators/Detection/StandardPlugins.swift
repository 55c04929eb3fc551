public import ApusCore

extension PluginRegistry {
  /// The registry of this process: the plugins of Apus, and those that a program or a library adds.
  public static let shared = PluginRegistry(standardPlugins)
}

extension OperatorCatalogue {
  /// The built-in operators with those of registered plugins.
  public static var withPlugins: OperatorCatalogue {
    standard.adding(PluginRegistry.shared.operatorTypes.filter { standard[$0.name] == nil })
  }
}

/// Creators of the plugins that come with Apus.
private let standardPlugins: [PluginCreator] =
  [
    PluginCreator(BatchedNMS.self),
    PluginCreator(BatchedNMS.dynamicPlugin, operatorType: BatchedNMS.self) { try BatchedNMS(fields: $0) },
    PluginCreator(EfficientNMS.self),
    PluginCreator(ModulatedDeformConv2d.self),
    PluginCreator(ModulatedDeformConv2d.mmcvPlugin, operatorType: ModulatedDeformConv2d.self) {
      try ModulatedDeformConv2d(fields: $0)
    },
    PluginCreator(MultiscaleRoiAlign.self),
    PluginCreator(MultiscaleRoiAlign.mmcvPlugin, operatorType: MultiscaleRoiAlign.self) {
      try MultiscaleRoiAlign(fields: $0)
    },
    PluginCreator(RetinaNetDecode.self),
    PluginCreator(RetinaNetNMS.self),
    nonMaxSuppression, roiAlign,
  ] + BoxSuppression.creators

private let nonMaxSuppression = PluginCreator(
  PluginDescription(
    "NonMaxSuppression", summary: "Chooses boxes by score that overlap chosen ones of their class little",
    inputs: ["boxes", "scores", "max_boxes_of_class?", "iou_threshold?", "score_threshold?"],
    outputs: ["selected"],
    fields: [
      PluginField(
        "center_point_box", .int32, default: .int(0), "1: boxes are middle, width and height, not corners")
    ], origin: "built in"), operatorType: NonMaxSuppression.self
) { NonMaxSuppression(centerPoints: $0.flag("center_point_box")) }

private let roiAlign = PluginCreator(
  PluginDescription(
    "ROIAlign_TRT", summary: "Pools regions of pictures by bilinear samples",
    inputs: ["x", "regions", "pictures"], outputs: ["pooled"],
    fields: [
      PluginField("output_height", .int32, default: .int(1), "rows of a pooled region"),
      PluginField("output_width", .int32, default: .int(1), "columns of a pooled region"),
      PluginField(
        "sampling_ratio", .int32, default: .int(0), "samples of a bin along an axis; 0: by its size"),
      PluginField(
        "spatial_scale", .float32, default: .float(1), "elements a pixel of the regions stands for"),
      PluginField("mode", .int32, default: .int(1), "0: maximum, 1: average"),
      PluginField(
        "coordinate_transformation_mode", .int32, default: .int(1),
        "0: output_half_pixel, 1: half_pixel (moved by half an element)"),
    ], origin: "built in"), operatorType: RoiAlign.self
) { fields in
  var op = RoiAlign()
  (op.outputHeight, op.outputWidth) = (fields.int("output_height"), fields.int("output_width"))
  op.samplingRatio = fields.int("sampling_ratio")
  op.spatialScale = Double(fields.float("spatial_scale"))
  op.isMaximum = fields.int("mode") == 0
  op.halfPixel = fields.flag("coordinate_transformation_mode")
  return op
}
