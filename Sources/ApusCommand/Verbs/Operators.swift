import Apus
import ArgumentParser

/// `apus operators DIR…`
struct Operators: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Says how each ONNX operator runs, by device and precision: the table Docs/Operators.md.",
    discussion: """
      The ways are found by lowering the conformance cases that consist of one node. No GPU is needed.

      Example:
        apus operators onnx/backend/test/data/node -o Docs/Operators.md
      """)

  @Argument(help: "Folders of ONNX test cases.") var paths: [String]
  @Option(name: .shortAndLong, help: "Writes the table there instead of printing it.") var output: String?
  @Option(help: "Threads (0: one a processor).") var threads = 0
  @Flag(help: "Prints one JSON document.") var json = false

  private struct Document: Encodable {
    var operators: [OperatorTable.Row]
    /// By column, the cases of which a step runs on the CPU or by a reference.
    var hosted: [String: [String]]
  }

  func run() throws {
    let cases = try ConformanceCase.find(all: paths)
    let table = OperatorTable(
      .allDevices, cases: cases, threads: threads > 0 ? threads : ThreadPool.processorCount)
    let text = table.markdown(command: "apus operators onnx/backend/test/data/node -o Docs/Operators.md")
    if let output { try AtomicFile.write(Array(text.utf8), to: output) }
    if json { return try Output.json(Document(operators: table.rows, hosted: table.hosted)) }
    if output == nil { Output.line(text) }
  }
}
