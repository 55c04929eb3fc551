import ApusCUDA

extension KernelInstance {
  /// The kernels of detection, with every way that boxes come about.
  static func detection(_ element: KernelElement) -> [KernelInstance] {
    let level = RetinaNetLevels.Level(
      anchors: 9, height: 5, width: 7, stride: [8, 8], limits: [55, 39], extra: 1, clip: 4.1)
    let scores = DetectionScores(
      element, pictures: 3, segments: [.init(9 * 4 * 35)], classes: 4, threshold: 0.05, target: 50)
    var pyramid = DetectionScores(
      element, pictures: 2, segments: [.init(9 * 4 * 35, inner: 36), .init(9 * 4 * 35)], classes: 4,
      threshold: 0.05, target: 1000, isLogit: true)
    let levels = RetinaNetLevels(element, [level])
    let both = RetinaNetLevels(element, [level, level], isChannelsLast: true)
    var places = DetectionNMSKernel(
      scores, kind: .places(perPlace: 4, isCentred: true, anchors: .shared), element: element, overlap: 0.5,
      most: 20)
    places.mostOfClass = 3
    places.candidatesOfClass = 40
    places.writesIntegerClasses = true
    let joined = DetectionNMSKernel(pyramid, kind: .levels(both), element: element, overlap: 0.5, most: 100)
    let given = DetectionNMSKernel(scores, kind: .candidates, element: element, overlap: 0.5, most: 100)
    var groups = DetectionNMSKernel(
      scores, kind: .groups(ofPicture: 3, isCentred: true, labelBytes: 8), element: element, overlap: 0.5,
      most: 20)
    groups.writesIntegerClasses = true
    pyramid.ordersByLogit = true
    let pooled = RoiAlignKernel(
      element: element, regionElement: .f32, indexBytes: nil,
      levels: [.init(height: 9, width: 7, scale: 0.25), .init(height: 5, width: 4, scale: 0.125)],
      pictures: 2, channels: 3, regions: 11, size: [3, 5], samplingRatio: 0, movesHalf: true)
    return [
      ("detect_scan", DetectionScanKernel(scores, refines: false).spec()),
      ("detect_scan again", DetectionScanKernel(pyramid, refines: true).spec()),
      ("detect_select", DetectionSelectKernel(scores, levels, decodes: true).spec()),
      ("detect_select levels", DetectionSelectKernel(pyramid, both, decodes: false).spec()),
      ("detect_nms candidates", given.spec()), ("detect_nms levels", joined.spec()),
      ("detect_nms places", places.spec()), ("detect_nms groups", groups.spec()),
      ("detect_rows", DetectionRowsKernel(groups: 6, ofPicture: 3, most: 20).spec()),
      ("roi_align", pooled.spec()),
    ].map { KernelInstance(label: $0.0, spec: $0.1) }
  }
}
