import ArgumentParser

/// `apus debug`: finds out where and why something goes wrong.
struct Debug: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Finds out where a model goes wrong.",
    discussion: """
      Example:
        apus debug reduce model.onnx -o reproducer
      """,
    subcommands: [DebugReduce.self])
}
