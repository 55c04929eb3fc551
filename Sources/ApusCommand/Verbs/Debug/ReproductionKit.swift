import Apus
import ApusONNX
import FoundationEssentials

/// A folder with which anyone can see a failure again: an ONNX test folder (`apus test FOLDER` runs it), and what
/// machine and command it came from.
struct ReproductionKit {
  private let reduced: ModelReducer.Reduced
  private let run: ModelRun
  /// Options of the command that decide what counts as a failure, with their values.
  private let options: [String]
  private let log: [String]

  init(_ reduced: ModelReducer.Reduced, run: ModelRun, options: [String], log: [String]) {
    self.reduced = reduced
    self.run = run
    self.options = options
    self.log = log
  }

  func write(to folder: String) throws {
    let data = "\(folder)/test_data_set_0"
    try SavedOutputs.makeFolder(folder)
    try reduced.model.save(to: "\(folder)/model.onnx")
    try TestSet.write(ordered(reduced.model.inputNames, reduced.inputs), kind: "input", to: data)
    // What the part gives without optimizing, where it runs at all.
    if let expected = try? run.outputs(of: reduced.model, reduced.inputs) {
      try TestSet.write(ordered(reduced.model.outputNames, expected), kind: "output", to: data)
    }
    try AtomicFile.write(
      Array(try Output.encoder.encode(MachineReport())) + [10], to: "\(folder)/machine.json")
    try text(commands.joined(separator: "\n"), to: "\(folder)/command.txt")
    try text((log + ["\(reduced.failure)"]).joined(separator: "\n"), to: "\(folder)/log.txt")
  }

  /// The command that made the folder, and one that sees the failure again with nothing but the folder.
  private var commands: [String] {
    let again = ["apus", "debug", "reduce", "model.onnx", "--data", ".", "-o", "again"] + options
    return [
      "# made by", Self.line(CommandLine.arguments), "# to see it again, in this folder", Self.line(again),
    ]
  }

  private static func line(_ words: [String]) -> String { words.map(quoted).joined(separator: " ") }

  private func ordered(_ names: [String], _ values: [String: Value]) -> [(name: String, value: Value)] {
    names.compactMap { name in values[name].map { (name, $0) } }
  }

  private func text(_ text: String, to path: String) throws {
    try AtomicFile.write(Array((text + "\n").utf8), to: path)
  }

  /// As a shell reads it back.
  private static func quoted(_ argument: String) -> String {
    let isPlain = argument.unicodeScalars.allSatisfy { scalar in
      switch scalar {
      case "A"..."Z", "a"..."z", "0"..."9", ".", "_", "-", "/", "=", ":", ",": true
      default: false
      }
    }
    return isPlain && !argument.isEmpty ? argument : "'" + argument.replacing("'", with: "'\\''") + "'"
  }
}
