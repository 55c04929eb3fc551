import ArgumentParser

/// `apus surgeon`: edits ONNX models and writes ONNX back.
struct Surgeon: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Edits ONNX models: everything that is not touched stays as it is in the file.",
    discussion: """
      Example:
        apus surgeon extract bert.onnx -o head.onnx --inputs /pooler/Gather_output_0 --outputs logits
      """,
    subcommands: [SurgeonFold.self, SurgeonExtract.self, SurgeonSanitize.self, SurgeonAttachNMS.self])
}
