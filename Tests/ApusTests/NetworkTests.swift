import Apus
import ApusCore
import ApusOperators
import ApusTestSupport
import Testing

@testable import retinanet_postprocess

@Suite struct NetworkTests {
  private var quick: BuildOptions {
    var options = BuildOptions()
    options.measures = false
    options.checksAccuracy = false
    options.deterministic = true
    return options
  }

  private func temporary(_ name: String) -> String {
    "/tmp/apus-network-\(UInt32.random(in: 0 ... .max))-\(name)"
  }

  /// The program of the seed documents, small: two levels, built, saved, loaded, run at the ends of its profile.
  @Test func postProcessingIsBuiltSavedLoadedAndRun() throws {
    var post = PostProcess()
    (post.topKCandidates, post.maxDetections) = (20, 8)
    let grids = [[4, 5], [2, 3]]
    let anchors: [[Float]] = [[-10, -12, 12, 10, -20, -9, 21, 9], [-30, -20, 31, 22, -16, -40, 16, 40]]
    let network = try post.network(
      scores: grids.map { [2 * 3] + $0 }, deltas: grids.map { [2 * 4] + $0 }, anchors: anchors, imageWidth: 80
    )
    let path = temporary("post.engine")
    try network.build(quick).save(to: path)
    let engine = try Engine(contentsOf: path)
    #expect(Set(engine.header.plugins?.map(\.identity.name) ?? []) == ["RetinaNetDecode", "RetinaNetNMS"])
    let session = try engine.makeSession()
    for batch in [1, 20, 1000] {
      let inputs = try feeds(network, batch: batch)
      let outputs = try session.run(inputs)
      #expect(outputs["boxes"]?.shape == [batch, 32, 1, 1])
      let image = batch - 1
      let expected = oracle(inputs, image, grids, anchors, post)
      let (scores, boxes) = (outputs["scores"]?.doubles() ?? [], outputs["boxes"]?.doubles() ?? [])
      for row in 0..<8 {
        let want = row < expected.count ? expected[row] : .init(score: 0, box: [0, 0, 0, 0], label: 0)
        #expect(Float(scores[image * 8 + row]) == want.score)
        for k in 0..<4 { #expect(abs(boxes[(image * 8 + row) * 4 + k] - Double(want.box[k])) < 1e-3) }
      }
    }
    let outside = try feeds(network, batch: 1001)
    #expect(throws: ApusError.self) { try session.run(outside) }
  }

  private func feeds(_ network: Network, batch: Int) throws -> [String: Tensor] {
    let inputs = network.inputs.compactMap { value in
      network.type(of: value).tensor.map { DataSource.Input(name: network.name(of: value), type: $0) }
    }
    return try DataSource.generated(
      RandomData(seed: UInt64(batch), symbols: ["batch": batch]), inputs: inputs
    )
    .sample(0)
  }

  private func oracle(
    _ inputs: [String: Tensor], _ image: Int, _ grids: [[Int]], _ anchors: [[Float]], _ post: PostProcess
  ) -> [DetectionOracle.Detection] {
    var candidates: [DetectionOracle.Detection] = []
    for (index, grid) in grids.enumerated() {
      func part(_ name: String) -> [Float] {
        let all = inputs["\(name)\(index)"]?.doubles().map { Float($0) } ?? []
        let size = all.count / (inputs["\(name)\(index)"]?.shape[0] ?? 1)
        return Array(all[image * size..<(image + 1) * size])
      }
      var level = DetectionOracle.Level(
        scores: part("cls_head"), deltas: part("box_head"),
        anchors: [Array(anchors[index][..<4]), Array(anchors[index][4...])], classes: 3, height: grid[0],
        width: grid[1])
      (level.strideX, level.strideY) = (80 / grid[1], 80 / grid[1])
      level.most = post.topKCandidates
      candidates += DetectionOracle.decode(level)
    }
    return DetectionOracle.suppress(candidates, threshold: 0.5, most: post.maxDetections, plusOne: true)
  }

  @Test func modelAndPostProcessingBecomeOneEngine() throws {
    var heads = Network(name: "heads")
    let x = heads.addInput("image", .f32, [.symbol("n"), 3, 16, 16])
    var generator = Xoshiro256(seed: 3)
    for (name, channels) in [("cls", 6), ("box", 8)] {
      let weights = Tensor.random(.f32, [channels, 3, 4, 4], using: &generator)
      let raw = try heads.addConvolution(x, weights: weights, stride: [4, 4])
      let result = name == "cls" ? try heads.addActivation(raw, .sigmoid) : raw
      try heads.markOutput(result, name: name)
    }
    var post = PostProcess()
    (post.topKCandidates, post.maxDetections) = (16, 5)
    let anchors: [Float] = [-2, -2, 2, 2, -4, -3, 4, 3]
    let network = try post.network(
      scores: [[6, 4, 4]], deltas: [[8, 4, 4]], anchors: [anchors], imageWidth: 16)
    let whole = try post.joined(with: Model(heads.graph), scores: ["cls"], deltas: ["box"], network: network)
    let path = temporary("joined.engine")
    try whole.build(quick).save(to: path)
    let image = Tensor.random(.f32, [3, 3, 16, 16], using: &generator)
    let joined = try Engine(contentsOf: path).makeSession().run(["image": image])
    let first = try Session(heads.build(quick).lowered.executable).run(["image": image])
    let second = try Session(network.build(quick).lowered.executable).run([
      "cls_head0": try #require(first["cls"]), "box_head0": try #require(first["box"]),
    ])
    for name in ["scores", "boxes", "classes"] {
      let (a, b) = (try #require(joined[name]), try #require(second[name]))
      #expect(a.shape == b.shape)
      #expect(zip(a.doubles(), b.doubles()).allSatisfy { abs($0 - $1) < 1e-4 })
    }
    #expect(joined["scores"]?.doubles().first ?? 0 > 0.05)
  }

  @Test func layersThatDoNotFitAreRefusedByName() throws {
    var network = Network(name: "wrong")
    let x = network.addInput("x", .f32, [1, 3, 8, 8])
    let weights = Tensor(.f32, [4, 5, 3, 3])
    let error = #expect(throws: ApusError.self) {
      try network.addConvolution(x, weights: weights, name: "conv1")
    }
    #expect(error?.problems.first?.node == "conv1")
    let plugin = #expect(throws: ApusError.self) {
      try network.addPlugin("RetinaNetDecod", inputs: [x, x], outputs: 3, name: "decode")
    }
    #expect(plugin?.problems.first?.fix?.contains("RetinaNetDecode") ?? false)
    let field = #expect(throws: ApusError.self) {
      try network.addPlugin("RetinaNetNMS", inputs: [x, x, x], fields: ["nms_tresh": .float(1)], outputs: 3)
    }
    #expect(field?.exitCode == 64)
    #expect(throws: ApusError.self) { try network.build() }
  }

  @Test func layersComputeWhatTheySay() throws {
    var network = Network(name: "layers")
    let x = network.addInput("x", .f32, [.symbol("n"), 4])
    let y = network.addConstant(Tensor([1, -2, 3, -4] as [Float], shape: [1, 4]))
    let sum = try network.addElementwise(x, y, .sum)
    let joined = try network.addConcatenation([network.addActivation(sum, .relu), sum])
    try network.markOutput(network.addReshape(joined, [0, 2, 4]), name: "out")
    try network.markOutput(x, name: "same")
    let session = try Session(network.build(quick).lowered.executable)
    let outputs = try session.run(["x": Tensor([1, 1, 1, 1] as [Float], shape: [1, 4])])
    #expect(outputs["out"]?.shape == [1, 2, 4])
    #expect(outputs["out"]?.doubles() == [2, 0, 4, 0, 2, -1, 4, -3])
    #expect(outputs["same"]?.doubles() == [1, 1, 1, 1])
  }

  /// The number of detections may steer later layers: here it cuts the rows that are padding.
  @Test func theCountOfDetectionsFeedsASlice() throws {
    var network = Network(name: "counted")
    let boxes = network.addInput("boxes", .f32, [1, 6, 4])
    let scores = network.addInput("scores", .f32, [1, 6, 2])
    let found = try network.addPlugin(
      "EfficientNMS_TRT", inputs: [boxes, scores],
      fields: ["score_threshold": .float(0.5), "max_output_boxes": .int(10)], outputs: 4)
    let count = try network.add(Cast(to: .i64), [network.addReshape(found[0], [1])])[0]
    let one = network.addConstant(Tensor([1] as [Int64]))
    let zero = network.addConstant(Tensor([0] as [Int64]))
    let valid = try network.add(Slice(), [found[1], zero, count, one])[0]
    try network.markOutput(valid, name: "valid")
    let session = try Session(network.build(quick).lowered.executable)
    for wanted in [0, 2, 5] {
      let corners = (0..<6).flatMap { place -> [Float] in [Float(place) * 10, 0, Float(place) * 10 + 5, 5] }
      let values = (0..<6).flatMap { place -> [Float] in [place < wanted ? 0.9 - Float(place) / 100 : 0.1, 0]
      }
      let outputs = try session.run([
        "boxes": Tensor(corners, shape: [1, 6, 4]), "scores": Tensor(values, shape: [1, 6, 2]),
      ])
      #expect(outputs["valid"]?.shape == [1, wanted, 4])
      #expect(outputs["valid"]?.doubles() == corners.prefix(4 * wanted).map { Double($0) })
    }
  }
}
