/// Where the pixels of a framed picture came from: `framed = original * scale + offset`, along each axis.
public struct PictureMapping: Sendable, Hashable {
  public var scaleX = 1.0
  public var scaleY = 1.0
  public var offsetX = 0.0
  public var offsetY = 0.0

  public init(scaleX: Double = 1, scaleY: Double = 1, offsetX: Double = 0, offsetY: Double = 0) {
    self.scaleX = scaleX
    self.scaleY = scaleY
    self.offsetX = offsetX
    self.offsetY = offsetY
  }

  /// A point of the framed picture in the original one.
  public func original(x: Double, y: Double) -> (x: Double, y: Double) {
    ((x - offsetX) / scaleX, (y - offsetY) / scaleY)
  }

  mutating func scale(_ x: Double, _ y: Double) {
    scaleX *= x
    offsetX *= x
    scaleY *= y
    offsetY *= y
  }

  mutating func move(_ x: Double, _ y: Double) {
    offsetX += x
    offsetY += y
  }
}

extension Picture {
  /// Grey around a letterboxed picture, the value that detectors of the YOLO family are trained with.
  static let letterboxGrey: UInt8 = 114

  /// The largest size with this picture's proportions within a frame.
  func letterboxSize(width frameWidth: Int, height frameHeight: Int) -> (width: Int, height: Int) {
    let ratio = min(Double(frameWidth) / Double(width), Double(frameHeight) / Double(height))
    let fitted = [width, height].map { max(1, Int((Double($0) * ratio).rounded(.toNearestOrEven))) }
    return (min(fitted[0], frameWidth), min(fitted[1], frameHeight))
  }

  /// The size whose shorter side is `side`, the longer one rounded down, as torchvision's `Resize(side)`.
  func sizeWithShorterSide(_ side: Int) -> (width: Int, height: Int) {
    width <= height ? (side, max(1, side * height / width)) : (max(1, side * width / height), side)
  }

  /// The middle part; where the picture is smaller it is bordered with black, as torchvision's `CenterCrop`.
  public func centerCropped(width newWidth: Int, height newHeight: Int) -> Picture {
    framed(
      newWidth, newHeight, left: -Picture.margin(width - newWidth), top: -Picture.margin(height - newHeight),
      fill: 0)
  }

  /// Half of the surplus: to the nearest even number when cropping, downwards when bordering.
  static func margin(_ surplus: Int) -> Int {
    surplus < 0 ? -(-surplus / 2) : Int((Double(surplus) / 2).rounded(.toNearestOrEven))
  }

  /// A frame of `fill` with this picture's left upper corner at `left`, `top`; what lies outside is cut.
  func framed(_ newWidth: Int, _ newHeight: Int, left: Int, top: Int, fill: UInt8) -> Picture {
    make(newWidth, newHeight) { source, target in
      target.update(repeating: fill)
      let columns = max(0, left)..<max(max(0, left), min(newWidth, left + width))
      let rows = max(0, top)..<max(max(0, top), min(newHeight, top + height))
      for y in rows where !columns.isEmpty {
        let from = ((y - top) * width + columns.lowerBound - left) * 3
        let to = (y * newWidth + columns.lowerBound) * 3
        for index in 0..<columns.count * 3 { target[to + index] = source[from + index] }
      }
    }
  }
}
