public import ApusCore

extension Preprocess {
  /// Resizes and crops as asked for, and tells where the pixels came from.
  public func frame(_ picture: Picture, for input: PictureInput) -> (
    picture: Picture, mapping: PictureMapping
  ) {
    var framing = Framing(picture: picture, resampling: resampling)
    let target = input.width.flatMap { width in input.height.map { Size(width, $0) } }
    switch resize {
    case .exactly(let size) where letterbox: framing.letterbox(size)
    case .exactly(let size): framing.resize(size.width, size.height)
    case .shorterSide(let side):
      let size = picture.sizeWithShorterSide(side)
      framing.resize(size.width, size.height)
    case nil: if let target, crop == nil { fit(&framing, target) }
    }
    if let crop { framing.crop(crop) }
    // A shorter side alone leaves the longer one to the model.
    if case .shorterSide = resize, crop == nil, let target { framing.crop(target) }
    return (framing.picture, framing.mapping)
  }

  private func fit(_ framing: inout Framing, _ target: Size) {
    let picture = framing.picture
    if picture.width == target.width && picture.height == target.height { return }
    if letterbox {
      framing.letterbox(target)
    } else if resizesWithMargin {
      let side = (Double(min(target.width, target.height)) * 256 / 224).rounded()
      let size = picture.sizeWithShorterSide(Int(side))
      framing.resize(size.width, size.height)
      framing.crop(target)
    } else {
      framing.resize(target.width, target.height)
    }
  }

  /// The pictures as one tensor for `input`: framed, normalised, rounded to its element type, laid out as it asks.
  ///
  /// Without a batch axis exactly one picture is taken. All framed pictures must have one size.
  public func tensor(_ pictures: [Picture], for input: PictureInput) throws -> Tensor {
    try tensor(framed: pictures.map { frame($0, for: input).picture }, for: input)
  }

  /// Framed pictures as one tensor.
  func tensor(framed: [Picture], for input: PictureInput) throws -> Tensor {
    guard let first = framed.first, input.hasBatch || framed.count == 1 else {
      throw PictureInput.wrong("takes one picture at a time", input, "\(framed.count) pictures")
    }
    for picture in framed {
      let fits = (input.width ?? first.width, input.height ?? first.height)
      guard picture.width == fits.0, picture.height == fits.1 else {
        throw PictureInput.wrong(
          "takes pictures of \(fits.0)x\(fits.1)", input, "\(picture.width)x\(picture.height)")
      }
    }
    let tables = try lookupTables(for: input)
    let frameShape =
      input.channelsLast
      ? [first.height, first.width, input.channels] : [input.channels, first.height, first.width]
    let shape = (input.hasBatch ? [framed.count] : []) + frameShape
    let bytes = tables[0].byteCount / 256
    return Tensor(input.dtype, shape) { target in
      var start = 0
      for picture in framed {
        let planes = channels(of: picture, input)
        for (channel, values) in planes.enumerated() {
          let pixel = (input.channelsLast ? input.channels : 1) * bytes
          let offset = start + channel * (input.channelsLast ? 1 : values.count) * bytes
          tables[channel].look(up: values, into: target, from: offset, step: pixel, width: bytes)
        }
        start += frameShape.elementCount * bytes
      }
    }
  }

  /// The channels in the model's order; grey by the weights of ITU-R BT.601.
  private func channels(of picture: Picture, _ input: PictureInput) -> [[UInt8]] {
    let indices = 0..<picture.width * picture.height
    return picture.pixels.withUnsafeBufferPointer { pixels in
      if input.channels == 1 {
        return [
          indices.map { index in
            let red = UInt32(pixels[index * 3]) * 19_595
            let green = UInt32(pixels[index * 3 + 1]) * 38_470
            let blue = UInt32(pixels[index * 3 + 2]) * 7_471
            return UInt8(truncatingIfNeeded: (red + green + blue + 0x8000) >> 16)
          }
        ]
      }
      return (bgr ? [2, 1, 0] : [0, 1, 2]).map { channel in indices.map { pixels[$0 * 3 + channel] } }
    }
  }

  /// By channel, the element for each of the 256 levels; computed in double precision and rounded once.
  private func lookupTables(for input: PictureInput) throws -> [Tensor] {
    for numbers in [mean, std] where numbers.count != 1 && numbers.count != input.channels {
      throw PictureInput.wrong("has \(input.channels) channels", input, "mean or std of \(numbers.count)")
    }
    return (0..<input.channels).map { channel in
      let mean = self.mean[self.mean.count == 1 ? 0 : channel]
      let std = self.std[self.std.count == 1 ? 0 : channel]
      let levels = (0..<256).map { (Double($0) * scale - mean) / std }
      guard let range = input.dtype.integerRange else { return Tensor(doubles: levels, input.dtype, [256]) }
      let whole = levels.map { level in
        min(max(level.rounded(.toNearestOrEven), Double(range.lowerBound)), Double(range.upperBound))
      }
      return Tensor(doubles: whole, input.dtype, [256])
    }
  }
}

extension PictureInput {
  static func wrong(_ message: String, _ input: PictureInput, _ value: String) -> ApusError {
    ApusError(
      .invalidInput,
      Problem(
        .inputShape, "input '\(input.name)' \(message)", value: value,
        fix: "change --preprocess, for example resize=WxH:bilinear-aa"))
  }
}

extension Tensor {
  /// Elements of this table at `values`, written `step` bytes apart; `width` is that of one element.
  fileprivate func look(
    up values: [UInt8], into target: UnsafeMutableRawBufferPointer, from start: Int, step: Int, width: Int
  ) {
    func copy<T: BitwiseCopyable>(_: T.Type) {
      withUnsafeBytes { table in
        var at = start
        for value in values {
          let element = table.loadUnaligned(fromByteOffset: Int(value) * width, as: T.self)
          target.storeBytes(of: element, toByteOffset: at, as: T.self)
          at += step
        }
      }
    }
    switch width {
    case 1: copy(UInt8.self)
    case 2: copy(UInt16.self)
    case 4: copy(UInt32.self)
    default: copy(UInt64.self)
    }
  }
}

/// A picture on its way to a model's frame.
private struct Framing {
  var picture: Picture
  let resampling: Resampling
  var mapping = PictureMapping()

  init(picture: Picture, resampling: Resampling) {
    self.picture = picture
    self.resampling = resampling
  }

  mutating func resize(_ width: Int, _ height: Int) {
    mapping.scale(Double(width) / Double(picture.width), Double(height) / Double(picture.height))
    picture = picture.resized(width: width, height: height, resampling)
  }

  mutating func crop(_ size: Preprocess.Size) {
    let left = -Picture.margin(picture.width - size.width)
    let top = -Picture.margin(picture.height - size.height)
    mapping.move(Double(left), Double(top))
    picture = picture.framed(size.width, size.height, left: left, top: top, fill: 0)
  }

  mutating func letterbox(_ size: Preprocess.Size) {
    let inner = picture.letterboxSize(width: size.width, height: size.height)
    resize(inner.width, inner.height)
    let left = (size.width - inner.width) / 2
    let top = (size.height - inner.height) / 2
    mapping.move(Double(left), Double(top))
    picture = picture.framed(
      size.width, size.height, left: left, top: top, fill: Picture.letterboxGrey)
  }
}
