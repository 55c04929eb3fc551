import Apus
import ArgumentParser

/// `apus run ENGINE --input NAME=FILE`
struct Run: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Runs an engine or a model on data and shows or saves the outputs.",
    discussion: """
      Example:
        apus run resnet50.engine --input input=cat.jpg --preprocess imagenet --labels imagenet.txt --top 5
        apus run detector.engine --input images=street.jpg --labels coco.txt --draw boxes.png
        apus run detector.engine --input images=val --batch 4 --save-detections results.json
      """)

  @Argument(help: "Engine or model.") var file: String
  @Option(
    help: """
      NAME=FILE (.npy, .npz, .jpg, .png, or .pb as ONNX keeps test data) or NAME=DIR of pictures; a bare FILE.npz holds \
      all inputs.
      """)
  var input: [String] = []
  @Option(help: "What is done to pictures: imagenet, unit, or a list.") var preprocess: String?
  @Option(help: "Class names, one a line.") var labels: String?
  @Option(help: "Classes to show.") var top = 5
  @Option(help: "Outputs to show or save, separated by commas, or all.") var outputs = "all"
  @Option(name: .customLong("save-outputs"), help: "Folder for NAME.npy and outputs.json.") var saveOutputs:
    String?
  @Option(
    name: .customLong("save-test-data"),
    help: "Folder for input_N.pb and output_N.pb, as apus test and onnx read them.")
  var saveTestData: String?
  @OptionGroup var detections: DetectionOptions
  @Option(help: "Pictures of a folder that go through the model at once (0: as many as it asks for, else 1).")
  var batch = 0
  @Option(help: "Threads (0: one a processor).") var threads = 0
  @Option(help: "Makes a shape static: NAME=1x3x224x224.") var fix: [String] = []
  @OptionGroup var plugins: PluginOptions
  @Flag(help: "Prints one JSON document.") var json = false
  @Flag(name: .shortAndLong, help: "Says more.") var verbose = false

  func run() throws {
    try plugins.load()
    let runnable = try Runnable(file, threads: threads, fixed: try ShapeArguments.fixed(fix))
    let labels = try self.labels.map { try FileBytes.lines($0) }
    let wanted = try wantedOutputs(runnable.session.outputNames)
    if let pictures = try pictureRun(runnable) { return try show(pictures, wanted, labels) }
    if detections.isWanted {
      throw ApusError(
        .usage,
        Problem(.usage, "detections are drawn and saved for pictures", fix: "give --input NAME=PICTURE"))
    }
    let (name, feeds) = try InputFiles.read(
      input, for: runnable, preprocess: try preprocess.map { try Preprocess(parsing: $0) })
    let results = try runnable.session.run(values: feeds)
    let document = RunDocument(input: name, results: results, order: wanted, labels: labels, top: top)
    if json { try Output.json([document]) } else { document.show() }
    if let saveOutputs { try SavedOutputs.write(results, order: wanted, to: saveOutputs) }
    if let saveTestData {
      let named = { (names: [String], values: [String: Value]) in
        names.compactMap { name in values[name].map { (name, $0) } }
      }
      try TestSet.write(named(runnable.session.inputNames, feeds), kind: "input", to: saveTestData)
      try TestSet.write(named(wanted, results), kind: "output", to: saveTestData)
    }
  }

  /// Pictures through the model one batch after another; nil where the input is something else.
  private func pictureRun(_ runnable: Runnable) throws -> PictureRun? {
    guard input.count == 1, runnable.inputs.count == 1, input[0].contains("=") else { return nil }
    let (name, path) = try ShapeArguments.pair(input[0], flag: "--input")
    let isFolder = FileBytes.isFolder(path)
    guard isFolder || Picture.isPictureName(path) else { return nil }
    let names = isFolder ? try FileBytes.names(inFolder: path).filter(Picture.isPictureName) : []
    if isFolder && names.isEmpty {
      throw ApusError(.invalidInput, Problem(.badData, "the folder holds no pictures", file: path))
    }
    return try PictureRun(
      runnable, input: name, paths: isFolder ? names.map { "\(path)/\($0)" } : [path],
      preprocess: try preprocess.map { try Preprocess(parsing: $0) }, batch: batch)
  }

  private func show(_ run: PictureRun, _ wanted: [String], _ labels: [String]?) throws {
    let names = run.runnable.session.outputNames
    let detector =
      detections.isWanted ? try DetectionOutputs(names: names) : try? DetectionOutputs(names: names)
    let format = try detections.format()
    var results = try COCOResults(annotations: detections.annotations)
    var documents: [RunDocument] = []
    try run.forEach { result in
      let name = result.path.split(separator: "/").last.map(String.init) ?? result.path
      var document = RunDocument(
        input: name, results: result.ofPicture, order: wanted, labels: labels, top: top)
      if let detector {
        let found = result.prepared.place(
          try detector.read(
            result.outputs.compactMapValues(\.tensor), format: format, width: result.prepared.width,
            height: result.prepared.height)[result.index], picture: result.index)
        document.detections = found.filter { $0.score >= detections.minScore }.map { .init($0, labels) }
        try detections.save(
          found, on: result.picture, named: name, isFolder: run.paths.count > 1, labels: labels)
        try results.add(found, picture: name, number: result.number)
      }
      if json { documents.append(document) } else { document.show() }
      if let saveOutputs, result.endsBatch {
        let folder =
          run.paths.count > run.batch ? "\(saveOutputs)/batch_\(result.number / run.batch)" : saveOutputs
        if folder != saveOutputs { try SavedOutputs.makeFolder(saveOutputs) }
        try SavedOutputs.write(result.outputs, order: wanted, to: folder)
      }
    }
    if let path = detections.saveDetections { try results.write(to: path) }
    if json { try Output.json(documents) }
  }

  private func wantedOutputs(_ names: [String]) throws -> [String] {
    guard outputs != "all" else { return names }
    let wanted = outputs.split(separator: ",").map(String.init)
    let unknown = wanted.filter { !names.contains($0) }
    guard unknown.isEmpty else {
      throw ApusError(
        .usage,
        unknown.map {
          Problem(
            .unknownOutputName, "'\($0)' is no output", value: $0, allowed: names.joined(separator: ", "))
        })
    }
    return wanted
  }
}
