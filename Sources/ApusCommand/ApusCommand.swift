import Apus
import ArgumentParser
import CApusSystem
import Glibc

/// The command line: optimize, run, measure and examine models.
@main
struct ApusCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "apus",
    abstract:
      "Optimizes trained models for the machine at hand, proves that they are still right, and runs them.",
    discussion: """
      Example:
        apus optimize efficientnet.onnx -o efficientnet.engine
        apus run efficientnet.engine --input images=cat.jpg --preprocess imagenet --labels classes.txt
      """,
    version: Report.version,
    subcommands: [
      Optimize.self, Run.self, Bench.self, Inspect.self, Compare.self, Test.self, Surgeon.self,
      Debug.self, Operators.self, Plugins.self, Doctor.self,
    ])

  /// Exit codes of the design: 64 for wrong usage also where the argument parser finds it.
  static func main() {
    signal(SIGPIPE, SIG_IGN)
    apus_return_freed_memory()
    let wantsJSON = CommandLine.arguments.contains("--json")
    do {
      var command = try parseAsRoot()
      try command.run()
    } catch let error as ApusError {
      Output.fail(error, json: wantsJSON)
      Glibc.exit(error.exitCode)
    } catch let error as ExitCode {
      Glibc.exit(error.rawValue)
    } catch {
      let code = exitCode(for: error)
      if code == .success { exit(withError: error) }
      if isInternal(error) {
        let failure = ApusError(
          .internal, Problem(.internalError, "\(error)", fix: "report it with the model and the command"))
        Output.fail(failure, json: wantsJSON)
        Glibc.exit(70)
      }
      if wantsJSON {
        Output.fail(ApusError(.usage, Problem(.usage, message(for: error))), json: true)
      } else {
        Output.note(fullMessage(for: error))
      }
      Glibc.exit(64)
    }
  }

  /// Whether an error is none of the argument parser's.
  private static func isInternal(_ error: any Error) -> Bool {
    exitCode(for: error) == .failure && !(error is ValidationError)
  }
}
