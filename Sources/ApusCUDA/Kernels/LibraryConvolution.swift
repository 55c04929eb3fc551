/// A convolution as a library computes it: `activation(convolution(input, weights) + residual + bias)`, channels last,
/// weights [output channels][height][width][channels of a group].
public struct LibraryConvolution: Sendable, Hashable, Codable {
  /// How operands are multiplied; all of them are of its type, sums are FP32.
  public var math: ConvolutionProblem.Math
  public var images: Int
  /// Height, width, channels of all groups.
  public var input: [Int]
  public var result: [Int]
  public var kernel: [Int]
  public var strides: [Int]
  public var dilations: [Int]
  /// Top, left, bottom, right.
  public var pads: [Int]
  public var groups: Int
  public var hasBias: Bool
  public var hasResidual: Bool
  public var activation: KernelActivation

  public init(
    math: ConvolutionProblem.Math, images: Int, input: [Int], result: [Int], kernel: [Int], strides: [Int],
    dilations: [Int], pads: [Int], groups: Int, hasBias: Bool, hasResidual: Bool, activation: KernelActivation
  ) {
    self.math = math
    self.images = images
    self.input = input
    self.result = result
    self.kernel = kernel
    self.strides = strides
    self.dilations = dilations
    self.pads = pads
    self.groups = groups
    self.hasBias = hasBias
    self.hasResidual = hasResidual
    self.activation = activation
  }

  /// Names of the operands that a call reads and writes.
  public var operands: Set<String> {
    var names: Set = ["input", "weights", "output"]
    if hasBias { names.insert("bias") }
    if hasResidual { names.insert("residual") }
    return names
  }

  /// What an error calls it.
  var text: String {
    "a convolution \(kernel[0])x\(kernel[1]) of \(images)x\(input[0])x\(input[1])x\(input[2]) to \(result[2]) "
      + "channels in \(math.rawValue)"
  }
}
