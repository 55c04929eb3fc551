import Apus
import ArgumentParser

/// `apus run ENGINE --input NAME=FILE`
struct Run: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Runs an engine or a model on data and shows or saves the outputs.",
    discussion: """
      Example:
        apus run resnet50.engine --input input=cat.jpg --preprocess imagenet --labels imagenet.txt --top 5
      """)

  @Argument(help: "Engine or model.") var file: String
  @Option(
    help: "NAME=FILE (.npy, .npz, .jpg, .png) or NAME=DIR of pictures; a bare FILE.npz holds all inputs.")
  var input: [String] = []
  @Option(help: "What is done to pictures: imagenet, unit, or a list.") var preprocess: String?
  @Option(help: "Class names, one a line.") var labels: String?
  @Option(help: "Classes to show.") var top = 5
  @Option(help: "Outputs to show or save, separated by commas, or all.") var outputs = "all"
  @Option(name: .customLong("save-outputs"), help: "Folder for NAME.npy and outputs.json.") var saveOutputs:
    String?
  @Option(help: "Threads (0: one a processor).") var threads = 0
  @Option(help: "Makes a shape static: NAME=1x3x224x224.") var fix: [String] = []
  @Flag(help: "Prints one JSON document.") var json = false
  @Flag(name: .shortAndLong, help: "Says more.") var verbose = false

  func run() throws {
    let runnable = try Runnable(file, threads: threads, fixed: try ShapeArguments.fixed(fix))
    let labels = try self.labels.map { try FileBytes.lines($0) }
    let wanted = try wantedOutputs(runnable.session.outputNames)
    var documents: [RunDocument] = []
    for (name, feeds) in try samples(runnable) {
      let results = try runnable.session.run(values: feeds.mapValues(Value.tensor))
      let document = RunDocument(input: name, results: results, order: wanted, labels: labels, top: top)
      if json { documents.append(document) } else { document.show() }
      if let saveOutputs { try SavedOutputs.write(results, order: wanted, to: saveOutputs) }
    }
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

  /// Named samples: one for plain files, one a picture for a folder.
  private func samples(_ runnable: Runnable) throws -> [(String, [String: Tensor])] {
    let spec = try preprocess.map { try Preprocess(parsing: $0) }
    var feeds: [String: Tensor] = [:]
    var label = ""
    for argument in input {
      if !argument.contains("="), argument.hasSuffix(".npz") {
        for (name, tensor) in try NPZFile.read(argument) {
          feeds[name] = try tensor.conformed(to: try runnable.input(name), file: argument)
        }
        continue
      }
      let (name, path) = try ShapeArguments.pair(argument, flag: "--input")
      let input = try runnable.input(name)
      if FileBytes.isFolder(path) { return try pictures(path, input) }
      feeds[name] = try DataSource.tensor(path, for: input, preprocess: spec)
      label = path
    }
    return [(label, feeds)]
  }

  private func pictures(_ folder: String, _ input: DataSource.Input) throws -> [(String, [String: Tensor])] {
    let spec = try preprocess.map { try Preprocess(parsing: $0) }
    let names = try FileBytes.names(inFolder: folder).filter(Picture.isPictureName)
    guard !names.isEmpty else {
      throw ApusError(.invalidInput, Problem(.badData, "the folder holds no pictures", file: folder))
    }
    return try names.map { name in
      (name, [input.name: try DataSource.tensor("\(folder)/\(name)", for: input, preprocess: spec)])
    }
  }
}
