import Apus
import ApusONNX

/// Values as ONNX's test data keeps them: `input_0.pb`, `output_0.pb` …
enum TestSet {
  static func write(_ values: [(name: String, value: Value)], kind: String, to folder: String) throws {
    try SavedOutputs.makeFolder(folder)
    for (index, item) in values.enumerated() {
      try AtomicFile.write(
        try ONNXData.serialize(item.value, name: item.name), to: "\(folder)/\(kind)_\(index).pb")
    }
  }
}
