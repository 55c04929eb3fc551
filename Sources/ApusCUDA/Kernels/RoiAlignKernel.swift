/// `roi_align.cu`: regions pooled by bilinear samples. Operands: x0… (levels), regions, pictures, output.
public struct RoiAlignKernel: Sendable, Hashable, Codable {
  public struct Level: Sendable, Hashable, Codable {
    public var height: Int
    public var width: Int
    /// Elements a pixel of the regions stands for.
    public var scale: Double

    public init(height: Int, width: Int, scale: Double) {
      self.height = height
      self.width = width
      self.scale = scale
    }
  }

  public var element: KernelElement
  public var regionElement: KernelElement
  /// Bytes of the index of a region's picture; nil: it is the first of the region's five numbers.
  public var indexBytes: Int?
  public var levels: [Level]
  public var pictures: Int
  public var channels: Int
  public var regions: Int
  /// Rows and columns of a pooled region.
  public var size: [Int]
  /// Samples of a bin along an axis; 0: by its size.
  public var samplingRatio: Int
  public var movesHalf: Bool
  public var isMaximum = false
  /// Side in pixels of regions of the first level.
  public var finest = 1

  public static let mostLevels = 8

  public init(
    element: KernelElement, regionElement: KernelElement, indexBytes: Int?, levels: [Level], pictures: Int,
    channels: Int, regions: Int, size: [Int], samplingRatio: Int, movesHalf: Bool
  ) {
    self.element = element
    self.regionElement = regionElement
    self.indexBytes = indexBytes
    self.levels = levels
    self.pictures = pictures
    self.channels = channels
    self.regions = regions
    self.size = size
    self.samplingRatio = samplingRatio
    self.movesHalf = movesHalf
  }

  public func spec() -> KernelSpec {
    let scales = "{" + levels.map { "\($0.scale)" }.joined(separator: ", ") + "}"
    let defines: [KernelSource.Define] = [
      .init("LEVELS", levels.count), .init("HEIGHTS", levels.map(\.height)),
      .init("WIDTHS", levels.map(\.width)), .init("SCALES", scales), .init("PICTURES", pictures),
      .init("CHANNELS", channels), .init("REGIONS", regions), .init("COLUMNS", indexBytes == nil ? 5 : 4),
      .init("INDEX", indexBytes == 8 ? "long long" : "int"), .init("OUT_HEIGHT", size[0]),
      .init("OUT_WIDTH", size[1]), .init("RATIO", samplingRatio), .init("HALF_PIXEL", movesHalf),
      .init("MAXIMUM", isMaximum), .init("FINEST", finest), .init("TYPE", element.name),
      .init("REGION_TYPE", regionElement.name), .init("THREADS", 128),
    ]
    let names = (0..<Self.mostLevels).map { "x\($0)" } + ["regions", "pictures", "output"]
    return KernelSpec(
      source: KernelSource(file: "roi_align.cu", defines: defines),
      geometry: LaunchGeometry(
        grid: .init(ceilDiv(regions * channels * size[0] * size[1], 128)), block: .init(128)),
      parameters: names.map { .operand($0) })
  }
}
