import ApusCore
import ApusOperators
import Testing

/// Kernels that read pictures at computed places, held against the references.
@Suite struct RegionTests {
  private func expectClose(
    _ all: [String: [Tensor]], tactic: String, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let found = try #require(all[tactic]?.first, "\(all.keys)", sourceLocation: sourceLocation)
    let wanted = try #require(all["reference"]?.first)
    #expect(found.shape == wanted.shape, sourceLocation: sourceLocation)
    let pairs = zip(found.doubles(), wanted.doubles())
    let worst = pairs.map { abs($0 - $1) / (1 + abs($1)) }.max() ?? 0
    #expect(worst < 2e-5, sourceLocation: sourceLocation)
  }

  private func tensor(_ random: inout DetectionRandom, _ shape: [Int], scale: Double = 1) -> Tensor {
    Tensor(random.normals(shape.elementCount, scale: scale), shape: shape)
  }

  /// Regions within and beyond a picture, some of them empty or turned round.
  private func regions(_ random: inout DetectionRandom, _ count: Int, size: Double) -> [[Float]] {
    (0..<count).map { index in
      let corners = (0..<4).map { _ in random.uniform(-0.2 * size...1.2 * size) }
      if index % 5 == 4 { return corners }
      return [
        min(corners[0], corners[2]), min(corners[1], corners[3]), max(corners[0], corners[2]),
        max(corners[1], corners[3]),
      ]
    }
  }

  @Test(arguments: [0, 1, 3], [false, true]) func roiAlign(samples: Int, isMaximum: Bool) throws {
    var random = DetectionRandom(seed: UInt64(samples * 2 + (isMaximum ? 1 : 0)))
    for halfPixel in [false, true] {
      var op = RoiAlign()
      (op.outputHeight, op.outputWidth, op.samplingRatio) = (3, 5, samples)
      (op.spatialScale, op.isMaximum, op.halfPixel) = (0.25, isMaximum, halfPixel)
      let boxes = regions(&random, 17, size: 52)
      let x = tensor(&random, [3, 7, 13, 11])
      let pictures = (0..<17).map { Int64($0 % 3) }
      let all = try results(
        of: op,
        [x, Tensor(boxes.flatMap { $0 }, shape: [17, 4]), Tensor(integers: pictures, .i64, [17])], outputs: 1)
      try expectClose(all, tactic: "cpu.roi_align.nhwc")
    }
  }

  @Test func regionsThatAreNotNumbers() throws {
    var random = DetectionRandom(seed: 5)
    let boxes: [Float] = [.nan, 1, 2, 3, 0, 0, .infinity, 4, 1, 1, 5, 5]
    let all = try results(
      of: RoiAlign(),
      [
        tensor(&random, [1, 2, 6, 6]), Tensor(boxes, shape: [3, 4]), Tensor(integers: [0, 0, 0], .i64, [3]),
      ],
      outputs: 1)
    let found = try #require(all["cpu.roi_align.nhwc"]?.first).doubles()
    let wanted = try #require(all["reference"]?.first).doubles()
    #expect(found.map(\.isNaN) == wanted.map(\.isNaN))
    #expect(zip(found, wanted).allSatisfy { $0.isNaN || abs($0 - $1) < 1e-5 })
  }

  @Test func multiscaleRoiAlign() throws {
    for aligned in [false, true] {
      var random = DetectionRandom(seed: aligned ? 8 : 9)
      let op = try PluginRegistry.shared.require("MultiscaleRoiAlign").makeOperator([
        "output_height": .int(4), "output_width": .int(3), "aligned": .int(aligned ? 1 : 0),
        "featmap_strides": .list([.float(4), .float(8), .float(16)]), "finest_scale": .int(14),
      ])
      let rows = regions(&random, 23, size: 128).enumerated().flatMap { [Float($0 % 2)] + $1 }
      let maps = [32, 16, 8].map { tensor(&random, [2, 5, $0, $0 + 1]) }
      let all = try results(of: op, [Tensor(rows, shape: [23, 5])] + maps, outputs: 1)
      try expectClose(all, tactic: "cpu.roi_align.nhwc")
    }
  }

  @Test(arguments: 0..<4) func deformableConvolution(variant: Int) throws {
    var random = DetectionRandom(seed: UInt64(40 + variant))
    var conv = DeformConv()
    let (strides, pads, dilations) =
      variant % 2 == 0 ? ([1, 1], [1, 1], [1, 1]) : ([2, 1], [0, 2], [1, 2])
    (conv.strides, conv.pads, conv.dilations) = (strides, pads + pads, dilations)
    (conv.group, conv.offsetGroup) = (variant < 2 ? 1 : 2, variant == 3 ? 3 : 1)
    let (x, weight) = (
      tensor(&random, [2, 6, 13, 12]), tensor(&random, [4, 6 / conv.group, 3, 2], scale: 0.3)
    )
    let height = (13 + 2 * pads[0] - 2 * dilations[0] - 1) / strides[0] + 1
    let width = (12 + 2 * pads[1] - dilations[1] - 1) / strides[1] + 1
    let offset = tensor(&random, [2, 12 * conv.offsetGroup, height, width], scale: 2)
    let mask = tensor(&random, [2, 6 * conv.offsetGroup, height, width])
    let bias = tensor(&random, [4])
    let plain = try results(of: conv, [x, weight, offset], outputs: 1)
    try expectClose(plain, tactic: "cpu.deform_conv")
    var plugin = ModulatedDeformConv2d()
    plugin.convolution = conv
    for inputs in [[x, offset, mask, weight], [x, offset, mask, weight, bias]] {
      let all = try results(of: plugin, inputs, outputs: 1)
      try expectClose(all, tactic: "cpu.deform_conv")
    }
  }
}
