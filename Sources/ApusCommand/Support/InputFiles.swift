import Apus
import ApusONNX

/// One sample of inputs from files.
enum InputFiles {
  /// Values by input, and a name for the sample.
  static func read(_ arguments: [String], for runnable: Runnable, preprocess: Preprocess?) throws -> (
    String, [String: Value]
  ) {
    var feeds: [String: Value] = [:]
    var label = ""
    for argument in arguments {
      if !argument.contains("="), argument.hasSuffix(".npz") {
        for (name, tensor) in try NPZFile.read(argument) {
          feeds[name] = .tensor(try tensor.conformed(to: try runnable.input(name), file: argument))
        }
        continue
      }
      let (name, path) = try ShapeArguments.pair(argument, flag: "--input")
      if path.hasSuffix(".pb") {
        // Sequences and optionals have no other file.
        feeds[name] = try ONNXData.load(path: path, as: try runnable.type(of: name))
      } else {
        feeds[name] = .tensor(
          try DataSource.tensor(path, for: try runnable.input(name), preprocess: preprocess))
      }
      label = path
    }
    return (label, feeds)
  }
}
