import Glibc

/// The scores that candidates of detection are chosen from, as `detect.cuh` reads them.
public struct DetectionScores: Sendable, Hashable, Codable {
  /// A tensor of a picture's scores.
  public struct Segment: Sendable, Hashable, Codable {
    public var elements: Int
    /// Element e is place `e % inner * outer + e / inner` in the order that breaks ties.
    public var inner: Int
    public var outer: Int

    /// Nil: places are in the order of elements.
    public init(_ elements: Int, inner: Int? = nil) {
      self.elements = elements
      self.inner = inner ?? 1
      outer = elements / max(1, self.inner)
    }
  }

  public var element: KernelElement
  public var pictures: Int
  public var segments: [Segment]
  public var classes: Int
  /// Class that is no object.
  public var background: Int?
  /// Whether scores are logits.
  public var isLogit: Bool
  /// Whether logits give the order, not their sigmoids.
  public var ordersByLogit: Bool
  /// What a score (after its sigmoid) must exceed.
  public var threshold: Float
  /// Whether all scores are candidates, also what is no number.
  public var takesAll = false
  /// Candidates that are wanted of a segment.
  public var target: Int

  public static let mostSegments = 8
  static let bins = 4096

  public init(
    _ element: KernelElement, pictures: Int, segments: [Segment], classes: Int, threshold: Float, target: Int,
    background: Int? = nil, isLogit: Bool = false, ordersByLogit: Bool = false
  ) {
    self.element = element
    self.pictures = pictures
    self.segments = segments
    self.classes = classes
    self.threshold = threshold
    self.target = target
    self.background = background
    self.isLogit = isLogit
    self.ordersByLogit = ordersByLogit
  }

  /// Why no kernel takes these scores.
  public var refusal: String? {
    if !(1...Self.mostSegments).contains(segments.count) { return "too many levels" }
    if segments.contains(where: { $0.elements < 1 }) { return "there are no scores" }
    if segments.reduce(0, { $0 + $1.elements }) >= 1 << 31 { return "too many scores" }
    return pictures > 65535 ? "too many pictures" : nil
  }

  /// Keys that a segment's list holds.
  var capacity: Int { min(max(8192, 2 * target), segments.map(\.elements).max() ?? 1) }
  /// Bytes of all lists, and of all states.
  public var listBytes: Int { pictures * segments.count * capacity * 8 }
  var stateBytes: Int { pictures * segments.count * (Self.bins + 4) * 4 }

  /// A bound on raw scores that is no higher than the threshold on scores.
  private var rawThreshold: Float {
    guard isLogit else { return threshold }
    if threshold <= 0 { return -.infinity }
    if threshold >= 1 { return .infinity }
    let logit = log(Double(threshold) / (1 - Double(threshold)))
    return Float(logit - 1e-5 * (1 + abs(logit)))
  }

  /// The lowest score with a bin of its own, and the bits below a bin's number: bins reach from there to 1, or over as many
  /// octaves where the threshold is higher.
  private var bins: (low: UInt32, shift: Int) {
    let low = max(threshold, 1 / 4096)
    let high = low < 1 ? 1 : min(low * 4096, .greatestFiniteMagnitude)
    let range = max(high.bitPattern, low.bitPattern + 1) - low.bitPattern
    let shift = (0..<32).first { range >> $0 < Self.bins } ?? 0
    return (low.bitPattern | 0x8000_0000, shift)
  }

  /// Macros of `detect.cuh`.
  var defines: [KernelSource.Define] {
    var offset = 0
    let offsets = segments.map { segment in
      defer { offset += segment.elements }
      return offset
    }
    return [
      .init("SEGMENTS", segments.count), .init("ELEMENTS", segments.map(\.elements)),
      .init("OFFSETS", offsets), .init("INNERS", segments.map(\.inner)),
      .init("OUTERS", segments.map(\.outer)), .init("SCORE_TYPE", element.name), .init("CLASSES", classes),
      .init("BACKGROUND", background ?? -1), .init("SIGMOID", isLogit),
      .init("RAW_ORDER", isLogit && ordersByLogit), .init("RAW_THRESHOLD", rawThreshold),
      .init("THRESHOLD", threshold), .init("EVERY", takesAll), .init("BIN_LOW", "\(bins.low)u"),
      .init("BIN_SHIFT", bins.shift),
      .init("CAPACITY", capacity), .init("TARGET", target),
    ]
  }

  static let scoreNames = (0..<mostSegments).map { "scores\($0)" }
}

extension KernelSource.Define {
  /// A table of numbers.
  init(_ name: String, _ values: [Int]) {
    self.init(name, "{" + values.map(String.init).joined(separator: ", ") + "}")
  }
  init(_ name: String, _ values: [Float]) {
    self.init(name, "{" + values.map(Self.literal).joined(separator: ", ") + "}")
  }
}
