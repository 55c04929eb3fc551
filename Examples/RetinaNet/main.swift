// Builds the post-processing of a RetinaNet, saves the engine, loads and runs it; with a model that ends in heads, joins
// the two into one engine.
//
//   retinanet-postprocess ENGINE [HEADS.onnx]
import Apus
import Glibc

/// Corners of nine anchors around a place, sizes inner.
func anchors(size: Double) -> [Float] {
  [0.5, 1, 2].flatMap { ratio in
    [1.0, 1.259_921, 1.587_401].flatMap { scale -> [Float] in
      let (height, width) = (size * scale * ratio.squareRoot(), size * scale / ratio.squareRoot())
      return [-width / 2, -height / 2, width / 2, height / 2].map { Float($0) }
    }
  }
}

do {
  let arguments = Array(CommandLine.arguments.dropFirst())
  guard let path = arguments.first else {
    print("usage: retinanet-postprocess ENGINE [HEADS.onnx]")
    exit(64)
  }
  let classes = 10
  let grids = [[60, 80], [30, 40], [15, 20], [8, 10], [4, 5]]
  let post = PostProcess()
  let network = try post.network(
    scores: grids.map { [9 * classes] + $0 }, deltas: grids.map { [36] + $0 },
    anchors: [32, 64, 128, 256, 512].map(anchors), imageWidth: 640)
  var options = BuildOptions()
  options.measures = false
  options.checksAccuracy = false
  try network.build(options).save(to: path)
  print("built \(path)")

  let session = try Engine(contentsOf: path).makeSession()
  for batch in [1, 20] {
    let inputs = RandomData(seed: UInt64(batch), symbols: ["batch": batch])
    let types = network.inputs.compactMap { value in
      network.type(of: value).tensor.map { DataSource.Input(name: network.name(of: value), type: $0) }
    }
    let outputs = try session.run(DataSource.generated(inputs, inputs: types).sample(0))
    let best = outputs["scores"]?.doubles().first ?? 0
    print("batch \(batch): scores \(outputs["scores"]?.shape ?? []), best \(best)")
  }

  if arguments.count > 1 {
    let model = try Model(contentsOf: arguments[1])
    let names = Network(model).outputs.map(Network(model).name)
    let half = names.count / 2
    let shapes = Network(model).outputs.map {
      Array((Network(model).type(of: $0).tensor?.shape ?? []).dropFirst())
    }
    let sizes = shapes.map { $0.compactMap(\.value) }
    let fitting = try post.network(
      scores: Array(sizes[..<half]), deltas: Array(sizes[half...]),
      anchors: [32, 64, 128, 256, 512].map(anchors), imageWidth: 640)
    let whole = try post.joined(
      with: model, scores: Array(names[..<half]), deltas: Array(names[half...]), network: fitting)
    try whole.build(options).save(to: path + ".joined")
    print("built \(path).joined: \(whole.inputs.map(whole.name)) -> \(whole.outputs.map(whole.name))")
  }
} catch {
  print("error: \(error)")
  exit(1)
}
