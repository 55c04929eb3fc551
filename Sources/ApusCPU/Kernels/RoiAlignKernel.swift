import ApusCore
public import ApusEngine
public import ApusOperators
import CApusKernels

/// Pools regions of channels-last feature maps, of one map or of the levels of a pyramid, in FP32.
public struct RoiAlignKernel: CPUKernel {
  public struct Parameters: Codable, Sendable {
    public var align: RoiAlign
    /// Chooses the level of each region; nil with one map and regions apart from their pictures.
    public var pyramid: MultiscaleRoiAlign?

    public init(_ align: RoiAlign) { self.align = align }

    public init(_ pyramid: MultiscaleRoiAlign) {
      var align = RoiAlign()
      (align.outputHeight, align.outputWidth) = (pyramid.outputHeight, pyramid.outputWidth)
      (align.samplingRatio, align.halfPixel) = (pyramid.samplingRatio, pyramid.aligned)
      self.align = align
      self.pyramid = pyramid
    }
  }

  public static let kind = "cpu.roi_align"
  private let parameters: Parameters

  public init(_ parameters: Parameters, constants: [UnsafeRawBufferPointer]) { self.parameters = parameters }

  public func prepare(_ context: PrepareContext) throws -> PreparedKernel {
    let maps = try parameters.pyramid.map { pyramid in
      try (1...pyramid.strides.count).map { try context.input($0).shape }
    }
    let shapes = try maps ?? [context.input(0).shape]
    let regions = try context.input(parameters.pyramid == nil ? 1 : 0).shape
    let channels = shapes[0][1]
    guard regions.last == (parameters.pyramid == nil ? 4 : 5), shapes.allSatisfy({ $0[1] == channels }) else {
      throw ApusError(
        .invalidInput,
        Problem(.shapeMismatch, "regions \(regions) do not fit maps \(shapes)", operator: RoiAlign.name))
    }
    var native = apus_roi_align()
    (native.regions, native.channels) = (regions[0], channels)
    (native.out_height, native.out_width) = (parameters.align.outputHeight, parameters.align.outputWidth)
    native.samples = max(0, parameters.align.samplingRatio)
    (native.maximum, native.half_pixel) = (parameters.align.isMaximum, parameters.align.halfPixel)
    let levels = RegionLevels(shapes, scales: scales)
    let bytes = (apus_roi_align_workspace_bytes(&native, Int32(context.threads)) + 63) / 64 * 64
    let isWide = try parameters.pyramid == nil && context.input(2).dtype == .i64
    return PreparedKernel(scratchBytes: bytes + regions[0] * 8) { [native, parameters] frame in
      let boxes = frame.floats(parameters.pyramid == nil ? 1 : 0)
      let places = RegionPlaces(at: frame.scratch + bytes, count: regions[0])
      if let pyramid = parameters.pyramid {
        for level in shapes.indices { levels.native[level].pixels = frame.floats(level + 1) }
        try places.fill(boxes, pyramid, pictures: shapes.map { $0[0] })
      } else {
        levels.native[0].pixels = frame.floats(0)
        try places.fill(frame.input(2), isWide: isWide, pictures: shapes[0][0])
      }
      withUnsafePointer(to: native) {
        apus_roi_align_run(
          $0, levels.native, boxes.map { parameters.pyramid == nil ? $0 : $0 + 1 },
          parameters.pyramid == nil ? 4 : 5, places.picture, places.level, frame.floatOutput(0),
          frame.scratch, frame.pool)
      }
    }
  }

  private var scales: [Double] {
    parameters.pyramid.map { $0.strides.map { 1 / Double($0) } } ?? [parameters.align.spatialScale]
  }
}

/// Sizes of the maps, in C memory; addresses are filled in for each run.
private final class RegionLevels {
  let native: UnsafeMutablePointer<apus_roi_level>

  init(_ shapes: [[Int]], scales: [Double]) {
    native = .allocate(capacity: shapes.count)
    for (level, shape) in shapes.enumerated() {
      (native + level).initialize(
        to: apus_roi_level(pixels: nil, height: shape[2], width: shape[3], scale: scales[level]))
    }
  }

  deinit { native.deallocate() }
}

/// Picture and level of each region, in scratch memory.
private struct RegionPlaces {
  let picture: UnsafeMutablePointer<Int32>
  let level: UnsafeMutablePointer<Int32>
  let count: Int

  init(at memory: UnsafeMutableRawPointer, count: Int) {
    picture = memory.bindMemory(to: Int32.self, capacity: 2 * count)
    level = picture + count
    self.count = count
  }

  /// Regions of one map, with indices of pictures apart.
  func fill(_ indices: UnsafeRawPointer?, isWide: Bool, pictures: Int) throws {
    guard let indices else { return }
    for region in 0..<count {
      let index =
        isWide
        ? Int(indices.loadUnaligned(fromByteOffset: region * 8, as: Int64.self))
        : Int(indices.loadUnaligned(fromByteOffset: region * 4, as: Int32.self))
      try set(region, index, pictures: pictures, level: 0)
    }
  }

  /// Regions of a pyramid: picture, x1, y1, x2, y2.
  func fill(_ regions: UnsafePointer<Float>?, _ pyramid: MultiscaleRoiAlign, pictures: [Int]) throws {
    guard let regions else { return }
    for region in 0..<count {
      let numbers = regions + 5 * region
      let level = pyramid.level(
        width: Double(numbers[3]) - Double(numbers[1]), height: Double(numbers[4]) - Double(numbers[2]))
      try set(region, Int(exactly: numbers[0]) ?? -1, pictures: pictures[level], level: level)
    }
  }

  private func set(_ region: Int, _ index: Int, pictures: Int, level: Int) throws {
    let place = index < 0 ? index + pictures : index
    guard place >= 0, place < pictures else {
      throw ApusError(
        .invalidInput,
        Problem(
          .invalidValue, "region \(region) lies in picture \(index), which is not there",
          operator: RoiAlign.name, value: String(index), allowed: "0 to \(pictures - 1)"))
    }
    picture[region] = Int32(place)
    self.level[region] = Int32(level)
  }
}
