public import ApusCore

/// How a model takes pictures, read off the type of its input.
public struct PictureInput: Sendable, Hashable {
  public var name: String
  public var dtype: DType
  /// Channels last (NHWC) instead of first (NCHW).
  public var channelsLast: Bool
  /// 3, or 1 for grey pictures.
  public var channels: Int
  /// Nil where the model takes any.
  public var width: Int?
  public var height: Int?
  /// Whether there is a batch axis; without one a sample is one picture.
  public var hasBatch: Bool
  /// Pictures in a batch; nil where the model takes any number.
  public var batch: Int?

  /// Nil where a tensor of this type cannot be a picture: not of rank 3 or 4, or without an axis of 1 or 3 channels.
  public init?(name: String, type: TensorType) {
    guard let shape = type.shape, shape.count == 3 || shape.count == 4 else { return nil }
    let frame = shape.suffix(3).map(\.value)
    let isChannels = frame.map { $0 == 1 || $0 == 3 }
    guard isChannels[0] || isChannels[2] || frame[0] == nil else { return nil }
    guard type.dtype.isFloat && !type.dtype.isMiniFloat || [.u8, .i8, .i32].contains(type.dtype) else {
      return nil
    }
    self.name = name
    dtype = type.dtype
    channelsLast = !isChannels[0] && isChannels[2]
    channels = (channelsLast ? frame[2] : frame[0]) ?? 3
    height = channelsLast ? frame[0] : frame[1]
    width = channelsLast ? frame[1] : frame[2]
    hasBatch = shape.count == 4
    batch = hasBatch ? shape[0].value : nil
  }
}
