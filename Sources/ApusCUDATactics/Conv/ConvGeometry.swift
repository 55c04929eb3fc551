import ApusCUDA
import ApusCore
import ApusEngine
import ApusOperators

/// A convolution over one or two spatial axes in the terms of the kernels.
struct ConvGeometry {
  let images: Int
  /// Height, width.
  let input: [Int]
  let result: [Int]
  let kernel: [Int]
  let strides: [Int]
  let dilations: [Int]
  /// Top, left, bottom, right.
  let pads: [Int]
  let groups: Int
  /// Channels of one group.
  let inChannels: Int
  let outChannels: Int

  init(_ conv: Conv, input x: TensorDescriptor, weight: Tensor) throws {
    let geometry = try conv.geometry(x.shape, weight.shape)
    func two(_ values: [Int], _ filler: Int) -> [Int] {
      values.count == 1 ? [filler] + values : Array(values.prefix(2))
    }
    images = geometry.batch
    (groups, inChannels, outChannels) = (geometry.groups, geometry.inChannels, geometry.outChannels)
    input = two(geometry.input, 1)
    result = two(geometry.output, 1)
    kernel = two(geometry.kernel, 1)
    strides = two(geometry.strides, 1)
    dilations = two(geometry.dilations, 1)
    let begins = two(geometry.begins, 0)
    var ends: [Int] = []
    for axis in 0..<2 {
      let reach = (result[axis] - 1) * strides[axis] + dilations[axis] * (kernel[axis] - 1) + 1
      ends.append(max(0, reach - begins[axis] - input[axis]))
    }
    pads = begins + ends
  }
}
