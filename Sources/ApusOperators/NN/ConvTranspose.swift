public import ApusCore

/// Transposed convolution: x `[N, C, …]`, weight `[C, M/group, k…]`, optional bias `[M]`. Every input element adds the
/// kernel, scaled, to the output at its strided place. ONNX ConvTranspose 1, 11, 22.
public struct ConvTranspose: WindowedOperator, SampledReference {
  public var strides: [Int] = []
  public var dilations: [Int] = []
  public var pads: [Int] = []
  public var autoPad = AutoPad.notSet
  public var group = 1
  /// Rows added at the end of each axis; empty: none.
  public var outputPadding: [Int] = []
  /// Spatial sizes of the output, from which padding follows; empty: sizes follow from `pads`.
  public var outputShape: [Int] = []
  public var activation = Activation.none

  public static var importers: [Importer] {
    [
      .onnx("ConvTranspose") { node in
        var op = ConvTranspose()
        try op.readWindow(node)
        op.group = try node.int("group", in: Window.steps) ?? 1
        op.outputPadding = try node.ints("output_padding", in: 0...Window.largest) ?? []
        op.outputShape = try node.ints("output_shape", in: Window.steps) ?? []
        return op
      }
    ]
  }

  public init() {}

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    let x = try context.floating(0)
    _ = try context.tensor(1)
    for index in 1..<3 { try context.expect(x.dtype, at: index) }
    let (input, weight) = (try context.shape(0, rank: 3...Int.max), try context.shape(1, rank: 3...Int.max))
    guard let input, let weight else { return [.tensor(x.dtype, nil)] }
    try checkShapes(input, weight)
    let channels = weight[1] * .constant(group)
    if let bias = try context.shape(2, rank: 1...1) { _ = try unified(bias[0], channels, "bias size") }
    let placement = try Placement(self, input: Array(input[2...]), kernel: Array(weight[2...]))
    return [.tensor(x.dtype, [input[0], channels] + placement.output)]
  }

  private func checkShapes(_ input: Shape, _ weight: Shape) throws {
    try checkGroups(group, "group")
    try require(input.count == weight.count, "x has rank \(input.count), the weight \(weight.count)")
    let channels = try unified(input[1], weight[0], "channels of x and weight")
    if let channels = channels.value {
      try require(channels % group == 0, "\(channels) channels do not divide into \(group) groups")
    }
  }

  /// Output sizes and begin padding.
  private struct Placement {
    var output: Shape = []
    var begins: [Dim] = []
    let window: Window

    init(_ op: ConvTranspose, input: Shape, kernel: Shape) throws {
      window = try op.window(axes: input.count)
      let extra = op.outputPadding.isEmpty ? input.map { _ in 0 } : op.outputPadding
      try require(
        extra.count == input.count && extra.allSatisfy { (0...Window.largest).contains($0) },
        attribute: "output_padding", value: "\(extra)", allowed: "\(input.count) sizes")
      var wanted: Shape? = op.outputShape.isEmpty ? nil : Shape(op.outputShape.suffix(input.count))
      try require(
        wanted.map { sizes in sizes.count == input.count && sizes.allSatisfy { ($0.value ?? 0) > 0 } }
          ?? true,
        attribute: "output_shape", value: "\(op.outputShape)", allowed: "\(input.count) positive sizes")
      let same = op.autoPad == .sameUpper || op.autoPad == .sameLower
      if same, wanted == nil { wanted = input.indices.map { input[$0] * .constant(window.strides[$0]) } }
      for axis in input.indices {
        let full =
          (input[axis] - 1) * .constant(window.strides[axis]) + .constant(extra[axis])
          + window.extent(kernel[axis], axis)
        if let wanted {
          let total =
            (full - wanted[axis]).value.map { Dim.constant(max($0, 0)) } ?? Dim.max(full - wanted[axis], 0)
          output.append(wanted[axis])
          begins.append(op.autoPad == .sameUpper ? total.floorDiv(2) : total - total.floorDiv(2))
        } else {
          output.append(full - .constant(window.begins[axis]) - .constant(window.ends[axis]))
          begins.append(.constant(window.begins[axis]))
        }
        if let size = output[axis].value {
          try require(size >= 0, "padding leaves no output on spatial axis \(axis)", fix: "reduce 'pads'")
        }
      }
    }
  }

  /// The convolution that this one transposes.
  package func geometry(_ x: [Int], _ w: [Int]) throws -> ConvolutionGeometry {
    try checkShapes(Shape(x), Shape(w))
    let placement = try Placement(self, input: Shape(Array(x[2...])), kernel: Shape(Array(w[2...])))
    return ConvolutionGeometry(
      batch: x[0], groups: group, inChannels: w[1], outChannels: x[1] / group,
      input: placement.output.compactMap(\.value), kernel: Array(w[2...]), output: Array(x[2...]),
      strides: placement.window.strides, dilations: placement.window.dilations,
      begins: placement.begins.compactMap(\.value))
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let (x, w) = (try operands.tensor(0, rank: 3...Int.max), try operands.tensor(1, rank: 3...Int.max))
    let g = try geometry(x.shape, w.shape)
    let shape = [x.shape[0], g.inChannels * group] + g.input
    let plane = g.input.elementCount
    var result = [Double](repeating: 0, count: shape.elementCount)
    if let bias = operands.optional(2)?.doubles() {
      try require(bias.count == shape[1], "bias of \(bias.count) for \(shape[1]) channels")
      for index in result.indices { result[index] = bias[index / plane % shape[1]] }
    }
    scatter(x.doubles(), w.doubles(), g, into: &result)
    if activation.kind != .none {
      for index in result.indices { result[index] = activation.apply(result[index]) }
    }
    return [.tensor(Tensor(doubles: result, x.dtype, shape))]
  }

  private func scatter(_ x: [Double], _ w: [Double], _ g: ConvolutionGeometry, into result: inout [Double]) {
    let taps = g.taps()
    let (large, small) = (g.input.elementCount, g.output.elementCount)
    let stride = g.strides.last ?? 1
    x.withUnsafeBufferPointer { x in
      w.withUnsafeBufferPointer { w in
        result.withUnsafeMutableBufferPointer { y in
          guard let x = x.baseAddress, let w = w.baseAddress, let y = y.baseAddress else { return }
          for source in 0..<g.batch * g.groups * g.outChannels {
            let channel = source % (g.groups * g.outChannels)
            let first = source / g.outChannels * g.inChannels
            for made in 0..<g.inChannels {
              let kernel = w + (channel * g.inChannels + made) * taps.count
              for (index, tap) in taps.enumerated() {
                let factor = kernel[index]
                for row in tap.rows {
                  let from = x + source * small + row.output
                  let to = y + (first + made) * large + row.input
                  for place in tap.range { to[place &* stride &+ tap.offset] += factor * from[place] }
                }
              }
            }
          }
        }
      }
    }
  }

  public func evaluate(at positions: [[Int]], of output: Int, _ operands: Operands) throws -> [Double] {
    let (x, w) = (try operands.tensor(0, rank: 3...Int.max), try operands.tensor(1, rank: 3...Int.max))
    let g = try geometry(x.shape, w.shape)
    let shape = [x.shape[0], g.inChannels * group] + g.input
    let (xs, ws, bias) = (x.doubles(), w.doubles(), operands.optional(2)?.doubles())
    let (small, taps, strides) = (g.output.elementCount, g.kernel.elementCount, g.output.rowMajorStrides)
    return try positions.map { position in
      try checkPosition(position, in: shape)
      let (groupIndex, made) = (position[1] / g.inChannels, position[1] % g.inChannels)
      var (sum, tap) = (bias?[position[1]] ?? 0, 0)
      forEachIndex(g.kernel) { k in
        defer { tap += 1 }
        var offset = 0
        for axis in k.indices {
          let place = position[2 + axis] + g.begins[axis] - k[axis] * g.dilations[axis]
          let source = place / g.strides[axis]
          guard place >= 0, place % g.strides[axis] == 0, source < g.output[axis] else { return }
          offset += source * strides[axis]
        }
        for each in 0..<g.outChannels {
          let channel = groupIndex * g.outChannels + each
          sum +=
            ws[(channel * g.inChannels + made) * taps + tap]
            * xs[(position[0] * x.shape[1] + channel) * small + offset]
        }
      }
      return activation.apply(sum)
    }
  }
}
