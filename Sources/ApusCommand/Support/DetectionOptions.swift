import Apus
import ArgumentParser
import Glibc

/// What `apus run` does with the outputs of a detector.
struct DetectionOptions: ParsableArguments {
  @Option(help: "Picture to write with the boxes drawn; a folder when the input is one.") var draw: String?
  @Option(name: .customLong("save-detections"), help: "Writes detections as COCO results (.json).")
  var saveDetections: String?
  @Option(name: .customLong("min-score"), help: "Least score of boxes that are drawn and listed.")
  var minScore = 0.3
  @Option(
    name: .customLong("box-format"), help: "How the model writes boxes: xyxy, yxyx, xyxy-unit, yxyx-unit.")
  var boxFormat = "xyxy"
  @Option(help: "COCO annotations whose picture and category numbers the saved detections get.")
  var annotations: String?

  var isWanted: Bool { draw != nil || saveDetections != nil }

  func format() throws -> BoxFormat {
    guard let format = BoxFormat(rawValue: boxFormat) else {
      throw ApusError(
        .usage,
        Problem(
          .usage, "unknown box format", value: boxFormat,
          allowed: BoxFormat.allCases.map(\.rawValue).joined(separator: ", ")))
    }
    return format
  }

  /// Draws the detections on the original picture.
  func save(
    _ detections: [Detection], on picture: Picture, named name: String, isFolder: Bool, labels: [String]?
  )
    throws
  {
    guard let draw else { return }
    var drawn = picture
    drawn.draw(detections.filter { $0.score >= minScore }.reversed().map { $0.labelled(labels) })
    if isFolder && mkdir(draw, 0o777) != 0 && errno != EEXIST {
      throw ApusError(.missingFile, Problem(.fileUnwritable, "the folder cannot be made", file: draw))
    }
    try drawn.save(to: isFolder ? "\(draw)/\(name)" : draw)
  }
}
