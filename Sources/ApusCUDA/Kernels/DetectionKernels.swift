/// `detect_scan.cu`: lists candidates; `refines`: once more, where they are many. Operands: scores0…, lists.
public struct DetectionScanKernel: Sendable, Hashable, Codable {
  public var scores: DetectionScores
  public var refines: Bool

  public init(_ scores: DetectionScores, refines: Bool) {
    self.scores = scores
    self.refines = refines
  }

  public func spec() -> KernelSpec {
    let limit = 16 / scores.element.byteCount
    let vector = scores.segments.reduce(limit) { commonVector($0, $1.elements, limit: limit) }
    let (threads, chunk) = (256, 256 * vector * 8)
    var first: [Int] = []
    var chunks = 0
    for segment in scores.segments {
      first.append(chunks)
      chunks += ceilDiv(segment.elements, chunk)
    }
    let defines: [KernelSource.Define] = [
      .init("REFINE", refines), .init("VECTOR", vector), .init("CHUNK", chunk), .init("FIRST_CHUNKS", first),
      .init("THREADS", threads),
    ]
    return KernelSpec(
      source: KernelSource(file: "detect_scan.cu", defines: scores.defines + defines),
      geometry: LaunchGeometry(grid: .init(chunks, scores.pictures), block: .init(threads)),
      parameters: DetectionScores.scoreNames.map { .operand($0) } + [.operand("lists"), .zeroed],
      zeroedBytes: scores.stateBytes)
  }
}

/// How candidates become boxes on the levels of a RetinaNet.
public struct RetinaNetLevels: Sendable, Hashable, Codable {
  public struct Level: Sendable, Hashable, Codable {
    public var anchors: Int
    public var height: Int
    public var width: Int
    /// Pixels between places: y, x.
    public var stride: [Int]
    /// Largest x and y of a box.
    public var limits: [Float]
    /// 1: corners are centres of pixels.
    public var extra: Float
    /// Upper bound of size deltas.
    public var clip: Float

    public init(
      anchors: Int, height: Int, width: Int, stride: [Int], limits: [Float], extra: Float, clip: Float
    ) {
      self.anchors = anchors
      self.height = height
      self.width = width
      self.stride = stride
      self.limits = limits
      self.extra = extra
      self.clip = clip
    }
  }

  public var element: KernelElement
  public var levels: [Level]
  /// Whether deltas lie channels last.
  public var isChannelsLast: Bool

  public init(_ element: KernelElement, _ levels: [Level], isChannelsLast: Bool = false) {
    self.element = element
    self.levels = levels
    self.isChannelsLast = isChannelsLast
  }

  var defines: [KernelSource.Define] {
    var first = 0
    let starts = levels.map { level in
      defer { first += level.anchors }
      return first
    }
    return [
      .init("DELTA_TYPE", element.name), .init("ANCHORS", levels.map(\.anchors)),
      .init("FIRST_ANCHORS", starts), .init("PLANES", levels.map { $0.height * $0.width }),
      .init("WIDTHS", levels.map(\.width)), .init("STRIDES_X", levels.map { Float($0.stride[1]) }),
      .init("STRIDES_Y", levels.map { Float($0.stride[0]) }), .init("LIMITS_X", levels.map { $0.limits[0] }),
      .init("LIMITS_Y", levels.map { $0.limits[1] }), .init("EXTRAS", levels.map(\.extra)),
      .init("CLIPS", levels.map(\.clip)), .init("DELTAS_INNER_CHANNELS", isChannelsLast),
    ]
  }
}

/// `detect_select.cu`: the best candidates of each segment. Operands: scores0…, deltas, anchors (floats), lists, and, where
/// it decodes one level, outScores, outBoxes, outClasses.
public struct DetectionSelectKernel: Sendable, Hashable, Codable {
  public var scores: DetectionScores
  public var levels: RetinaNetLevels
  /// Whether the boxes are decoded and written.
  public var decodes: Bool

  public init(_ scores: DetectionScores, _ levels: RetinaNetLevels, decodes: Bool) {
    self.scores = scores
    self.levels = levels
    self.decodes = decodes
  }

  /// Most candidates of a segment.
  static let most = 8192

  public var refusal: String? {
    scores.refusal ?? (scores.target > Self.most ? "more than \(Self.most) candidates are wanted" : nil)
  }

  public func spec() -> KernelSpec {
    let sort = [2048, 4096].first { 2 * scores.target <= $0 } ?? Self.most
    let shared = choiceBytes(sort)
    let defines: [KernelSource.Define] = [
      .init("THREADS", 1024), .init("SORT", sort), .init("DECODE", decodes),
      .init("OUT_TYPE", scores.element.name), .init("SHARED_BYTES", shared),
    ]
    let operands = ["deltas", "anchors", "lists"]
    let outputs = ["outScores", "outBoxes", "outClasses"]
    return KernelSpec(
      source: KernelSource(
        file: "detect_select.cu", defines: scores.defines + levels.defines + defines),
      geometry: LaunchGeometry(
        grid: .init(scores.segments.count, scores.pictures), block: .init(1024), sharedBytes: shared),
      parameters: (DetectionScores.scoreNames + operands).map { .operand($0) } + [.zeroed]
        + outputs.map { .operand($0) },
      zeroedBytes: scores.stateBytes)
  }
}

/// Bytes of a `Choice`, rounded up.
private func choiceBytes(_ sort: Int) -> Int { sort * 8 + 2048 * 4 + 256 }

/// `detect_nms.cu`: suppresses overlapping boxes. Operands: scores, deltas0…, anchors, lists; results: outCounts (may be
/// left out), outBoxes, outScores, outClasses.
public struct DetectionNMSKernel: Sendable, Hashable, Codable {
  /// How candidates become boxes.
  public enum Kind: Sendable, Hashable, Codable {
    /// Boxes and labels as they are given.
    case candidates
    case levels(RetinaNetLevels)
    /// Corners, or middle, width and height, of `perPlace` boxes a place; offsets to anchors where there are any.
    case places(perPlace: Int, isCentred: Bool, anchors: Anchors)
    /// Boxes that some groups of scores share, maybe with integer labels; places of the kept are written as classes.
    case groups(ofPicture: Int, isCentred: Bool, labelBytes: Int?)
  }
  public enum Anchors: Sendable, Hashable, Codable {
    case none
    /// The same for all pictures.
    case shared
    case ofEachPicture
  }

  public var scores: DetectionScores
  public var kind: Kind
  /// Type of results, and of boxes that are given.
  public var element: KernelElement
  public var overlap: Float
  /// Whether an overlap of exactly that much suppresses.
  public var isInclusive = false
  public var extra: Float = 0
  public var takesAnyCorners = false
  public var isClassAgnostic = false
  public var most: Int
  /// Most boxes of a class.
  public var mostOfClass: Int?
  /// Candidates of a class that take part.
  public var candidatesOfClass: Int?
  public var clampsResults = false
  /// Class behind the last one.
  public var noClass: Float = 0
  /// Whether classes are written as 32-bit integers.
  public var writesIntegerClasses = false

  public init(_ scores: DetectionScores, kind: Kind, element: KernelElement, overlap: Float, most: Int) {
    self.scores = scores
    self.kind = kind
    self.element = element
    self.overlap = overlap
    self.most = most
  }

  private static let sort = 2048
  /// Shared memory of a block.
  public var sharedBytes: Int {
    let counts = candidatesOfClass != nil || mostOfClass != nil
    return choiceBytes(Self.sort) + Self.sort * 20 + most * 28 + (counts ? scores.classes * 8 + 2048 : 0)
      + 2304
  }

  /// Why the kernel does not run on a GPU.
  public func refusal(_ gpu: GPUProperties) -> String? {
    scores.refusal ?? (sharedBytes > gpu.sharedBytesPerBlock ? "too many boxes or classes are kept" : nil)
  }

  /// Type of boxes or deltas.
  private var boxElement: KernelElement {
    if case .levels(let levels) = kind { return levels.element }
    return element
  }

  private var kindDefines: [KernelSource.Define] {
    switch kind {
    case .candidates: placeDefines(0)
    case .levels(let levels): placeDefines(1) + levels.defines
    case .places(let perPlace, let isCentred, let anchors):
      placeDefines(2, boxes: perPlace, isCentred: isCentred, anchors)
    case .groups(let ofPicture, let isCentred, let labelBytes):
      placeDefines(3, isCentred: isCentred) + [
        .init("OF_PICTURE", ofPicture), .init("HAS_LABELS", labelBytes != nil),
        .init("LABEL_TYPE", labelBytes == 8 ? "long long" : "int"),
      ]
    }
  }

  private func placeDefines(
    _ number: Int, boxes: Int = 1, isCentred: Bool = false, _ anchors: Anchors = .none
  ) -> [KernelSource.Define] {
    [
      .init("KIND", number), .init("BOXES", boxes), .init("CENTERS", isCentred),
      .init("HAS_ANCHORS", anchors != .none), .init("SHARED_ANCHORS", anchors == .shared),
    ]
  }

  public func spec() -> KernelSpec {
    let defines: [KernelSource.Define] = [
      .init("THREADS", 1024), .init("SORT", Self.sort), .init("IOU", overlap),
      .init("INCLUSIVE", isInclusive), .init("EXTRA", extra), .init("ANY_CORNERS", takesAnyCorners),
      .init("AGNOSTIC", isClassAgnostic), .init("MOST", most), .init("CLASS_MOST", mostOfClass ?? -1),
      .init("CLASS_FIRST", candidatesOfClass ?? -1), .init("CLAMP", clampsResults),
      .init("NO_CLASS", noClass), .init("BOX_TYPE", boxElement.name), .init("OUT_TYPE", element.name),
      .init("CLASS_TYPE", writesIntegerClasses ? "I32" : element.name), .init("SHARED_BYTES", sharedBytes),
    ]
    let boxes = (0..<DetectionScores.mostSegments).map { "deltas\($0)" }
    let outputs = ["outCounts", "outBoxes", "outScores", "outClasses"]
    return KernelSpec(
      source: KernelSource(file: "detect_nms.cu", defines: scores.defines + kindDefines + defines),
      geometry: LaunchGeometry(
        grid: .init(scores.pictures), block: .init(1024), sharedBytes: sharedBytes),
      parameters: (["scores"] + boxes + ["anchors", "lists"]).map { .operand($0) } + [.zeroed]
        + outputs.map { .operand($0) },
      zeroedBytes: scores.stateBytes)
  }
}

/// `detect_rows.cu`: joins what suppression kept of groups. Operands: counts, places; results: rows, total.
public struct DetectionRowsKernel: Sendable, Hashable, Codable {
  public var groups: Int
  /// Groups of a picture; nil: rows are places alone.
  public var ofPicture: Int?
  /// Rows of a group.
  public var most: Int

  public init(groups: Int, ofPicture: Int?, most: Int) {
    self.groups = groups
    self.ofPicture = ofPicture
    self.most = most
  }

  public func spec() -> KernelSpec {
    KernelSpec(
      source: KernelSource(
        file: "detect_rows.cu",
        defines: [
          .init("GROUPS", groups), .init("OF_PICTURE", ofPicture ?? 0), .init("MOST", most),
          .init("THREADS", 256),
        ]),
      geometry: LaunchGeometry(grid: .init(groups), block: .init(256)),
      parameters: ["counts", "places", "rows", "total"].map { .operand($0) })
  }
}
