internal import ApusCore
internal import CApusSystem
internal import Glibc

/// A picture: RGB, eight bits a channel, rows from the top without padding.
public struct Picture: Sendable, Equatable {
  public let width: Int
  public let height: Int
  /// `width * height * 3` bytes.
  public internal(set) var pixels: [UInt8]

  /// Black. Both sizes must be positive.
  public init(width: Int, height: Int) {
    self.init(width: width, height: height, pixels: [UInt8](repeating: 0, count: width * height * 3))
  }

  public init(width: Int, height: Int, pixels: [UInt8]) {
    precondition(width > 0 && height > 0 && pixels.count == width * height * 3, "size and pixels disagree")
    self.width = width
    self.height = height
    self.pixels = pixels
  }

  /// Red, green and blue of a pixel within the picture.
  public subscript(x: Int, y: Int) -> (red: UInt8, green: UInt8, blue: UInt8) {
    get {
      let at = (y * width + x) * 3
      return (pixels[at], pixels[at + 1], pixels[at + 2])
    }
    set {
      let at = (y * width + x) * 3
      (pixels[at], pixels[at + 1], pixels[at + 2]) = newValue
    }
  }
}

extension Picture {
  /// File name endings of the formats that can be read.
  public static let fileExtensions: Set<String> = ["jpg", "jpeg", "png"]

  /// Whether a file name says that it is a picture.
  public static func isPictureName(_ name: String) -> Bool {
    guard let dot = name.lastIndex(of: ".") else { return false }
    return fileExtensions.contains(name[name.index(after: dot)...].lowercased())
  }

  /// Decodes a JPEG or PNG file, told apart by its contents, as OpenCV does in colour mode: the same pixels, alpha
  /// dropped, EXIF orientation applied.
  public static func load(_ path: String) throws -> Picture {
    let storage = try FileBytes.read(path)
    return try withExtendedLifetime(storage) {
      try Picture(decoding: UnsafeRawBufferPointer(start: storage.base, count: storage.byteCount), file: path)
    }
  }

  /// `file` names the picture in messages.
  public init(decoding bytes: UnsafeRawBufferPointer, file: String) throws {
    var picture = apus_picture()
    let failure: String?
    if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47]) {
      failure = Picture.message { apus_png_decode(bytes.baseAddress, bytes.count, &picture, $0) }
    } else if bytes.starts(with: [0xFF, 0xD8]) {
      failure = Picture.message { apus_jpeg_decode(bytes.baseAddress, bytes.count, &picture, $0) }
    } else {
      failure = "neither a JPEG nor a PNG file"
    }
    if let failure { throw ApusError(.invalidInput, Problem(.badPicture, failure, file: file)) }
    defer { free(picture.pixels) }
    let width = Int(picture.width)
    let height = Int(picture.height)
    let pixels = [UInt8](UnsafeBufferPointer(start: picture.pixels, count: width * height * 3))
    self.init(width: width, height: height, pixels: pixels)
  }

  /// Saves as JPEG where the name ends in .jpg or .jpeg, as PNG otherwise.
  public func save(to path: String, quality: Int = 95) throws {
    let name = path.lowercased()
    let isJPEG = name.hasSuffix(".jpg") || name.hasSuffix(".jpeg")
    try AtomicFile.write(isJPEG ? jpeg(quality: quality) : png(), to: path)
  }

  /// Encoded as PNG, 8-bit RGB.
  public func png() throws -> [UInt8] {
    try encode { apus_png_encode($0, $1, $2, $3) }
  }

  /// Encoded as JPEG with 4:2:0 colour; `quality` is 1 to 100.
  public func jpeg(quality: Int = 95) throws -> [UInt8] {
    let quality = Int32(min(max(quality, 1), 100))
    return try encode { apus_jpeg_encode($0, quality, $1, $2, $3) }
  }

  private typealias Encoder = (
    UnsafePointer<apus_picture>, UnsafeMutablePointer<UnsafeMutablePointer<UInt8>?>,
    UnsafeMutablePointer<Int>,
    UnsafeMutablePointer<CChar>
  ) -> Int32

  private func encode(_ encoder: Encoder) throws -> [UInt8] {
    var bytes: UnsafeMutablePointer<UInt8>?
    var count = 0
    // The encoders read only; C's type for both directions is one.
    let failure = pixels.withUnsafeBufferPointer { source in
      var picture = apus_picture(
        width: Int32(width), height: Int32(height), pixels: UnsafeMutablePointer(mutating: source.baseAddress)
      )
      return Picture.message { encoder(&picture, &bytes, &count, $0) }
    }
    if let failure { throw ApusError(.resources, Problem(.badPicture, "cannot be encoded: \(failure)")) }
    defer { free(bytes) }
    return [UInt8](UnsafeBufferPointer(start: bytes, count: count))
  }

  /// Runs a C function that leaves a message when it fails.
  private static func message(_ body: (UnsafeMutablePointer<CChar>) -> Int32) -> String? {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(APUS_MESSAGE_SIZE)) { buffer in
      guard let text = buffer.baseAddress else { return "no memory" }
      text.pointee = 0
      return body(text) == 0 ? nil : String(cString: text)
    }
  }
}
