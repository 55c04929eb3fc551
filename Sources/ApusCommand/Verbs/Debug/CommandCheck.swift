import Apus
import ApusONNX
import Glibc

/// A failure check by a command of the user's: `{model}` and `{data}` in it stand for the model file and for a folder
/// with the inputs as `input_N.pb`.
struct CommandCheck: FailureCheck {
  private let command: String

  init(_ command: String) throws {
    guard command.contains("{model}") else {
      throw ApusError(
        .usage, Problem(.usage, "--check needs a command with {model} in it", value: command))
    }
    self.command = command
  }

  func failure(of model: EditableModel, _ inputs: [String: Value]) throws -> ModelFailure? {
    let folder = try TemporaryFolder()
    try model.save(to: "\(folder.path)/model.onnx")
    try TestSet.write(
      model.inputNames.compactMap { name in inputs[name].map { (name, $0) } }, kind: "input",
      to: "\(folder.path)/data")
    let text = command.replacing("{model}", with: "\(folder.path)/model.onnx").replacing(
      "{data}", with: "\(folder.path)/data")
    let status = try Self.status(of: text)
    guard status != 0 else { return nil }
    return ModelFailure(kind: "exit \(status)", message: "the command ended with status \(status)")
  }

  /// Exit status of a shell command whose output is dropped; 128 and the signal where one ended it.
  private static func status(of command: String) throws -> Int32 {
    let raw = system("(\(command)) >/dev/null 2>&1")
    guard raw != -1 else {
      throw ApusError(.resources, Problem(.usage, "the shell cannot be started", value: command))
    }
    return raw & 0x7F == 0 ? (raw >> 8) & 0xFF : 128 + (raw & 0x7F)
  }
}

/// A folder that goes away with its owner.
final class TemporaryFolder {
  let path: String

  init() throws {
    var template = Array("/tmp/apus-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else {
      throw ApusError(
        .resources, Problem(.fileUnwritable, "no temporary folder can be made", file: "/tmp"))
    }
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  deinit { system("rm -rf '\(path)'") }
}
