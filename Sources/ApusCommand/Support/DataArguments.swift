import Apus
import ApusONNX

/// Data in the one form that all verbs take.
enum DataArguments {
  static func open(_ path: String, inputs: [DataSource.Input], preprocess: String?) throws -> DataSource {
    try DataSource.open(path, inputs: inputs, preprocess: try preprocess.map { try Preprocess(parsing: $0) })
    { file in
      guard let tensor = try ONNXData.load(path: file).tensor else {
        throw ApusError(.invalidInput, Problem(.badData, "holds no tensor", file: file))
      }
      return tensor
    }
  }
}
