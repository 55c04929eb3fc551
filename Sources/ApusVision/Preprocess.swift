/// What is done to a picture before a model sees it: the `--preprocess` argument.
///
/// A preset (`imagenet`, `unit`) or a list of `resize=WxH:nearest|bilinear|bilinear-aa`, `letterbox`, `crop=WxH`,
/// `bgr`, `scale=1/255`, `mean=a/b/c`, `std=a/b/c`. Whatever the order of the list, the steps run as resize (or
/// letterbox), crop, channel order, then `(pixel * scale - mean) / std`. One number instead of `WxH` is a square crop,
/// or the shorter side of a resize. Without `resize` and `crop` the size is that of the model's input.
public struct Preprocess: Sendable, Hashable {
  public struct Size: Sendable, Hashable {
    public var width: Int
    public var height: Int

    public init(_ width: Int, _ height: Int) {
      self.width = width
      self.height = height
    }
  }

  public enum Resize: Sendable, Hashable {
    case exactly(Size)
    /// Proportions are kept.
    case shorterSide(Int)
  }

  public var resize: Resize?
  public var resampling = Resampling.bilinearAntialias
  /// Keeps proportions and borders with grey up to the size.
  public var letterbox = false
  /// The middle part that is kept.
  public var crop: Size?
  /// Blue first instead of red first.
  public var bgr = false
  public var scale = 1.0
  /// In units after `scale`: one number, or one a channel in the model's channel order.
  public var mean = [0.0]
  public var std = [1.0]
  /// Where the model gives the size: resize the shorter side to 256/224 of it and keep the middle, as ImageNet
  /// classifiers are evaluated.
  public var resizesWithMargin = false

  public init() {}

  /// Pixels from 0 to 1 at the model's size.
  public static var unit: Preprocess {
    var preprocess = Preprocess()
    preprocess.scale = 1.0 / 255
    return preprocess
  }

  /// Torchvision's evaluation of ImageNet classifiers: shorter side 256, middle 224, mean and deviation of ImageNet.
  /// For another input size both numbers scale.
  public static var imagenet: Preprocess {
    var preprocess = unit
    preprocess.mean = [0.485, 0.456, 0.406]
    preprocess.std = [0.229, 0.224, 0.225]
    preprocess.resizesWithMargin = true
    return preprocess
  }
}
