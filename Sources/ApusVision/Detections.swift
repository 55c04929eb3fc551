public import ApusCore

/// An object that a detector found, by two corners in pixels of the original picture.
public struct Detection: Sendable, Hashable, Codable {
  public var left: Double
  public var top: Double
  public var right: Double
  public var bottom: Double
  public var score: Double
  public var classIndex: Int

  public init(left: Double, top: Double, right: Double, bottom: Double, score: Double, classIndex: Int) {
    (self.left, self.top, self.right, self.bottom) = (left, top, right, bottom)
    (self.score, self.classIndex) = (score, classIndex)
  }

  /// To draw, with the class's name where `labels` has one.
  public func labelled(_ labels: [String]?) -> LabelledBox {
    let name = labels.flatMap { $0.indices.contains(classIndex) ? $0[classIndex] : nil }
    return LabelledBox(
      left: left, top: top, right: right, bottom: bottom, classIndex: classIndex, name: name, score: score)
  }

  /// From the model's frame into the original picture, clamped to it.
  func placed(_ mapping: PictureMapping, width: Int, height: Int) -> Detection {
    let (a, b) = (mapping.original(x: left, y: top), mapping.original(x: right, y: bottom))
    var placed = self
    (placed.left, placed.right) = (min(max(a.x, 0), Double(width)), min(max(b.x, 0), Double(width)))
    (placed.top, placed.bottom) = (min(max(a.y, 0), Double(height)), min(max(b.y, 0), Double(height)))
    return placed
  }
}

/// How a detector writes boxes.
public enum BoxFormat: String, Sendable, Hashable, CaseIterable {
  /// Corners in pixels of the model's frame.
  case xyxy, yxyx
  /// Corners as fractions of it.
  case xyxyUnit = "xyxy-unit"
  case yxyxUnit = "yxyx-unit"

  var isVerticalFirst: Bool { self == .yxyx || self == .yxyxUnit }
  var isUnit: Bool { self == .xyxyUnit || self == .yxyxUnit }
}

/// Which outputs of a detector hold what, told by their names.
public struct DetectionOutputs: Sendable, Hashable {
  public var boxes: String
  public var scores: String
  public var classes: String
  /// Number of detections of each picture; without, those with a positive score count.
  public var count: String?

  /// Throws where the names do not tell: there must be one output each with `box`, `score`, and `class` or `label`.
  public init(names: [String]) throws {
    func only(_ words: String...) -> String? {
      let found = names.filter { name in words.contains { name.lowercased().contains($0) } }
      return found.count == 1 ? found[0] : nil
    }
    guard let boxes = only("box"), let scores = only("score"), let classes = only("class", "label") else {
      throw ApusError(
        .usage,
        Problem(
          .unknownOutputName, "the outputs do not look like detections", value: names.joined(separator: ", "),
          allowed: "one output each with 'box', 'score', and 'class' or 'label' in its name",
          fix: "`apus surgeon attach-nms` adds them to a model that has none"))
    }
    (self.boxes, self.scores, self.classes) = (boxes, scores, classes)
    count = names.first { $0.lowercased().contains("num") || $0.lowercased().contains("count") }
  }

  /// Detections by picture, in the model's frame of `width` by `height`.
  ///
  /// Boxes are `[n, k, 4]`, `[n, 4k, 1, 1]` or, of one picture, `[k, 4]`; scores and classes have a number for each.
  public func read(_ outputs: [String: Tensor], format: BoxFormat, width: Int, height: Int) throws
    -> [[Detection]]
  {
    guard let boxes = outputs[self.boxes], let scores = outputs[self.scores],
      let classes = outputs[self.classes], boxes.elementCount == 4 * scores.elementCount,
      classes.elementCount == scores.elementCount
    else {
      throw ApusError(
        .invalidInput,
        Problem(
          .shapeMismatch, "boxes, scores and classes differ in number", value: self.boxes,
          fix: "run with --outputs to see their shapes"))
    }
    let pictures = boxes.rank == 2 && boxes.shape[1] == 4 ? 1 : boxes.shape.first ?? 1
    guard pictures > 0 else { return [] }
    let most = scores.elementCount / pictures
    let (corners, values, labels) = (boxes.doubles(), scores.doubles(), classes.doubles())
    let counts = count.flatMap { outputs[$0] }?.integers()
    let scale = format.isUnit ? (x: Double(width), y: Double(height)) : (x: 1, y: 1)
    return (0..<pictures).map { picture in
      let valid = counts.flatMap { picture < $0.count ? Int(clamping: $0[picture]) : nil }
      return (0..<min(valid ?? most, most)).compactMap { row in
        let at = picture * most + row
        guard valid != nil || values[at] > 0, values[at].isFinite, labels[at].isFinite else { return nil }
        var box = Array(corners[4 * at..<4 * at + 4])
        if format.isVerticalFirst { box = [box[1], box[0], box[3], box[2]] }
        return Detection(
          left: box[0] * scale.x, top: box[1] * scale.y, right: box[2] * scale.x, bottom: box[3] * scale.y,
          score: values[at], classIndex: Int(labels[at]))
      }
    }
  }
}

extension Preprocess {
  /// Pictures ready for a model, with what leads from its frame back into them.
  public struct Batch: Sendable {
    public var tensor: Tensor
    /// Size of the model's frame.
    public var width: Int
    public var height: Int
    /// One for each picture.
    public var origins: [Origin]

    public struct Origin: Sendable {
      public var mapping: PictureMapping
      public var width: Int
      public var height: Int
    }

    /// Detections of picture `index`, in its own pixels.
    public func place(_ detections: [Detection], picture index: Int) -> [Detection] {
      let origin = origins[index]
      return detections.map { $0.placed(origin.mapping, width: origin.width, height: origin.height) }
    }
  }

  /// The pictures as one tensor for `input`, as `tensor(_:for:)`, and where their pixels came from.
  public func batch(_ pictures: [Picture], for input: PictureInput) throws -> Batch {
    let framed = pictures.map { frame($0, for: input) }
    let tensor = try tensor(framed: framed.map(\.picture), for: input)
    return Batch(
      tensor: tensor, width: framed[0].picture.width, height: framed[0].picture.height,
      origins: zip(pictures, framed).map {
        Batch.Origin(mapping: $1.mapping, width: $0.width, height: $0.height)
      })
  }
}
