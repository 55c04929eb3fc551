internal import ApusCore

extension Preprocess {
  /// Parses a preset or list; a list may start with a preset and change it.
  public init(parsing text: String) throws {
    self.init()
    for (index, item) in text.split(separator: ",", omittingEmptySubsequences: false).enumerated() {
      let parts = item.split(separator: "=", maxSplits: 1).map { String($0) }
      guard let key = parts.first else { throw Preprocess.wrong("", "an empty step") }
      try apply(key, parts.count > 1 ? parts[1] : nil, isFirst: index == 0)
    }
    if letterbox, case .shorterSide = resize {
      throw Preprocess.wrong("letterbox", "letterbox needs resize=WxH or the size of the model's input")
    }
  }

  private mutating func apply(_ key: String, _ value: String?, isFirst: Bool) throws {
    switch (key, value) {
    case ("imagenet", nil) where isFirst: self = .imagenet
    case ("unit", nil) where isFirst: self = .unit
    case ("letterbox", nil): letterbox = true
    case ("bgr", nil): bgr = true
    case ("resize", let value?): try setResize(value)
    case ("crop", let value?): crop = try Preprocess.size(value, key)
    case ("scale", let value?): scale = try Preprocess.fraction(value, key)
    case ("mean", let value?): mean = try Preprocess.numbers(value, key)
    case ("std", let value?):
      std = try Preprocess.numbers(value, key)
      if std.contains(0) { throw Preprocess.wrong("std=\(value)", "a deviation of zero") }
    default: throw Preprocess.wrong(key + (value.map { "=" + $0 } ?? ""), "an unknown or misplaced step")
    }
  }

  private mutating func setResize(_ value: String) throws {
    let parts = value.split(separator: ":", omittingEmptySubsequences: false).map { String($0) }
    if parts.count > 1 {
      guard parts.count == 2, let wanted = Resampling(rawValue: parts[1]) else {
        throw Preprocess.wrong("resize=\(value)", "an unknown way of resizing")
      }
      resampling = wanted
    }
    if let side = Int(parts[0]) {
      guard Preprocess.sizes.contains(side) else { throw Preprocess.wrong("resize=\(value)", "not a size") }
      resize = .shorterSide(side)
    } else {
      resize = .exactly(try Preprocess.size(parts[0], "resize"))
    }
  }

  private static let sizes = 1...65_535

  private static func size(_ value: String, _ key: String) throws -> Size {
    let numbers = value.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
    guard (1...2).contains(numbers.count), numbers.allSatisfy({ sizes.contains($0) }) else {
      throw wrong("\(key)=\(value)", "not a size")
    }
    return Size(numbers[0], numbers[numbers.count - 1])
  }

  /// A number or a quotient of two.
  private static func fraction(_ value: String, _ key: String) throws -> Double {
    let numbers = try numbers(value, key)
    guard numbers.count <= 2, numbers.count == 1 || numbers[1] != 0 else {
      throw wrong("\(key)=\(value)", "not a number or fraction")
    }
    return numbers.count == 1 ? numbers[0] : numbers[0] / numbers[1]
  }

  private static func numbers(_ value: String, _ key: String) throws -> [Double] {
    let numbers = value.split(separator: "/", omittingEmptySubsequences: false).map { Double($0) ?? .nan }
    guard numbers.allSatisfy(\.isFinite) else { throw wrong("\(key)=\(value)", "not numbers") }
    return numbers
  }

  private static func wrong(_ item: String, _ message: String) -> ApusError {
    ApusError(
      .usage,
      Problem(
        .usage, "--preprocess: \(message)", value: item,
        allowed: "imagenet, unit, resize=WxH:nearest|bilinear|bilinear-aa, letterbox, crop=WxH, bgr, "
          + "scale=1/255, mean=a/b/c, std=a/b/c"))
  }
}
