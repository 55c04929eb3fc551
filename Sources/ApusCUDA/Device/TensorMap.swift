/// A tensor map of the bulk copy engine: 128 opaque bytes, passed to kernels by value.
public struct TensorMap: Sendable, Hashable {
  public static let byteCount = 128
  /// Sixteen words.
  public var words: [UInt64]

  public init(words: [UInt64]) { self.words = words }
}

/// What a tensor map describes; the address is added when memory is planned.
public enum TensorMapSpec: Sendable, Hashable, Codable {
  /// Element type in memory; `tf32` is single precision that the tensor cores read.
  public enum Element: String, Sendable, Hashable, Codable {
    case f16, bf16, f32

    public var byteCount: Int { self == .f32 ? 4 : 2 }
  }

  /// A matrix [rows][columns], rows `stride` elements apart, copied as boxes of `boxRows` x `boxColumns` in the
  /// 128-byte swizzle.
  case matrix(Element, rows: Int, columns: Int, stride: Int, boxRows: Int, boxColumns: Int)
  /// An NHWC image, copied window position by window position: `pixels` output pixels of `channels` channels.
  case windows(Element, Windows)

  /// The convolution whose windows are copied.
  public struct Windows: Sendable, Hashable, Codable {
    public var images: Int
    public var height: Int
    public var width: Int
    public var channels: Int
    /// Vertical, horizontal.
    public var kernel: [Int]
    public var strides: [Int]
    public var dilations: [Int]
    /// Top, left, bottom, right.
    public var pads: [Int]
    public var channelsPerCopy: Int
    public var pixelsPerCopy: Int

    public init(
      images: Int, height: Int, width: Int, channels: Int, kernel: [Int], strides: [Int], dilations: [Int],
      pads: [Int], channelsPerCopy: Int, pixelsPerCopy: Int
    ) {
      self.images = images
      self.height = height
      self.width = width
      self.channels = channels
      self.kernel = kernel
      self.strides = strides
      self.dilations = dilations
      self.pads = pads
      self.channelsPerCopy = channelsPerCopy
      self.pixelsPerCopy = pixelsPerCopy
    }
  }
}
