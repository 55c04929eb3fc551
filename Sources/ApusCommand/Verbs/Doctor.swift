import Apus
import ArgumentParser

/// `apus doctor`
struct Doctor: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Says what was found on this machine: processor, devices, libraries.",
    discussion: """
      Example:
        apus doctor --json
      """)

  @Flag(help: "Prints one JSON document.") var json = false

  func run() throws {
    let findings = MachineReport()
    if json { return try Output.json(findings) }
    Output.line("apus      \(findings.version)")
    Output.line(
      "processor \(findings.processor), \(findings.processors) threads, kernels for \(findings.level)")
    for (ordinal, gpu) in findings.gpus.enumerated() { Output.line("cuda:\(ordinal)    \(gpu)") }
    for library in findings.libraries {
      Output.line(
        "\(library.name.padded(9)) \(library.found ? "found: \(library.detail)" : "not found: \(library.detail)")"
      )
    }
  }
}

extension String {
  /// Filled with spaces to a width.
  func padded(_ width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}
