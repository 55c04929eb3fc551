import Glibc

public import ApusCore

/// Deformable convolution: each kernel element reads x at its own fractional offset, by (bi)linear interpolation.
///
/// Inputs: x `[N, C, …]`, weight `[M, C/group, k…]`, offset `[N, offsetGroup·taps·axes, …]`, optional bias `[M]`, optional
/// mask `[N, offsetGroup·taps, …]` that scales what is read. ONNX DeformConv 19, 22.
public struct DeformConv: WindowedOperator {
  public var strides: [Int] = []
  public var dilations: [Int] = []
  public var pads: [Int] = []
  public var autoPad = AutoPad.notSet
  public var group = 1
  public var offsetGroup = 1

  public static var importers: [Importer] {
    [
      .onnx("DeformConv") { node in
        var op = DeformConv()
        try op.readWindow(node)
        op.group = try node.int("group", in: Window.steps) ?? 1
        op.offsetGroup = try node.int("offset_group", in: Window.steps) ?? 1
        return op
      }
    ]
  }

  public init() {}

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    let x = try context.floating(0)
    for index in 1..<3 { _ = try context.tensor(index) }
    for index in 1..<5 { try context.expect(x.dtype, at: index) }
    try checkGroups(group, "group")
    try checkGroups(offsetGroup, "offset_group")
    let (input, weight) = (try context.shape(0, rank: 3...Int.max), try context.shape(1, rank: 3...Int.max))
    guard let input, let weight else { return [.tensor(x.dtype, nil)] }
    try require(input.count == weight.count, "x has rank \(input.count), the weight \(weight.count)")
    if let channels = input[1].value, let each = weight[1].value {
      try require(
        .constant(channels) == Dim.constant(each) * .constant(group),
        "x has \(channels) channels, the weight takes \(each) a group")
    }
    let window = try window(axes: input.count - 2)
    let sizes = try window.outputSizes(Array(input[2...]), kernel: Array(weight[2...]))
    return [.tensor(x.dtype, [input[0], weight[0]] + sizes)]
  }

  /// Sizes for an input and a weight of these shapes.
  package func geometry(_ x: [Int], _ w: [Int]) throws -> PoolingGeometry {
    let (input, kernel) = (Array(x[2...]), Array(w[2...]))
    let window = try window(axes: input.count)
    return PoolingGeometry(
      input: input, kernel: kernel, output: try window.outputSizes(input, kernel: kernel),
      strides: window.strides, dilations: window.dilations, begins: window.begins, ends: window.ends)
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let (x, w) = (try operands.tensor(0, rank: 3...Int.max), try operands.tensor(1, rank: 3...Int.max))
    let offset = try operands.tensor(2)
    let axes = x.rank - 2
    try checkGroups(group, "group")
    try checkGroups(offsetGroup, "offset_group")
    try require(w.rank == x.rank, "x has rank \(x.rank), the weight \(w.rank)")
    let (input, kernel) = (Array(x.shape[2...]), Array(w.shape[2...]))
    let window = try window(axes: axes)
    let output = try window.outputSizes(input, kernel: kernel)
    let (places, taps) = (output.elementCount, kernel.elementCount)
    let (channels, made) = (x.shape[1], w.shape[0])
    try require(
      w.shape[1] * group == channels && made % group == 0
        && channels % offsetGroup == 0, "channels do not divide into the groups")
    try require(
      offset.shape == [x.shape[0], offsetGroup * taps * axes] + output,
      "offset has the wrong shape \(offset.shape)")
    let mask = operands.optional(4)
    try require(
      mask.map { $0.shape == [x.shape[0], offsetGroup * taps] + output } ?? true, "mask has the wrong shape")
    let (values, weights, offsets) = (x.doubles(), w.doubles(), offset.doubles())
    let (masks, bias) = (mask?.doubles(), operands.optional(3)?.doubles())
    try require(bias.map { $0.count == made } ?? true, "bias has the wrong size")
    let plane = input.elementCount
    var result = (0..<x.shape[0] * made * places).map { bias?[$0 / places % made] ?? 0 }
    var point = [Double](repeating: 0, count: axes)
    for batch in 0..<x.shape[0] {
      for channel in 0..<channels {
        let field = batch * offsetGroup + channel / (channels / offsetGroup)
        let from = (batch * channels + channel) * plane
        var place = 0
        forEachIndex(output) { o in
          var tap = 0
          forEachIndex(kernel) { k in
            for axis in 0..<axes {
              let base =
                o[axis] * window.strides[axis] - window.begins[axis] + k[axis] * window.dilations[axis]
              point[axis] = Double(base) + offsets[((field * taps + tap) * axes + axis) * places + place]
            }
            var value = interpolate(values, from, input, at: point)
            if let masks { value *= masks[(field * taps + tap) * places + place] }
            let groupIndex = channel / w.shape[1]
            for each in 0..<made / group {
              let m = groupIndex * (made / group) + each
              result[(batch * made + m) * places + place] +=
                value * weights[(m * w.shape[1] + channel % w.shape[1]) * taps + tap]
            }
            tap += 1
          }
          place += 1
        }
      }
    }
    return [.tensor(Tensor(doubles: result, x.dtype, [x.shape[0], made] + output))]
  }

  /// Linear interpolation between the neighbours of `point`; elements outside count as zero.
  private func interpolate(_ values: [Double], _ start: Int, _ shape: [Int], at point: [Double]) -> Double {
    let strides = shape.rowMajorStrides
    var sum = 0.0
    for corner in 0..<1 << shape.count {
      var (weight, index) = (1.0, start)
      for axis in shape.indices {
        let low = floor(point[axis])
        let place = low + Double(corner >> axis & 1)
        guard place >= 0, place < Double(shape[axis]) else {
          weight = 0
          break
        }
        weight *= corner >> axis & 1 == 1 ? point[axis] - low : 1 - (point[axis] - low)
        index += Int(place) * strides[axis]
      }
      if weight != 0 { sum += weight * values[index] }
    }
    return sum
  }
}
