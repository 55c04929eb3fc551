import ApusCore

/// A convolution of integers, with the attributes of Conv.
public protocol QuantizedConvolution: WindowedOperator {
  var group: Int { get set }
  /// Only where the weight's shape does not tell it.
  var kernelShape: [Int] { get set }
}

extension QuantizedConvolution {
  static func importers(_ type: Self.Type) -> [Importer] {
    [
      .onnx(name, since: 10) { node in
        var op = Self()
        try op.readWindow(node)
        op.group = try node.int("group", in: Window.steps) ?? 1
        op.kernelShape = try node.ints("kernel_shape", in: Window.steps) ?? []
        return op
      }
    ]
  }

  /// The same convolution of floats.
  package var conv: Conv {
    var conv = Conv()
    (conv.strides, conv.dilations, conv.pads, conv.autoPad) = (strides, dilations, pads, autoPad)
    (conv.group, conv.kernelShape) = (group, kernelShape)
    return conv
  }
}
