import Apus
import ApusOperators
import ArgumentParser
import Synchronization

/// `apus test DIR…`
struct Test: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Runs ONNX test folders the whole way: import, optimize, save, load, run, compare.",
    discussion: """
      A case whose operators are all left out of Apus is skipped with the reason. Outputs in FP16 and bfloat16, and
      Fourier transforms, are held to a wider absolute tolerance, which is stated.

      Example:
        apus test onnx/backend/test/data/node --filter resize --json
      """)

  @Argument(help: "Folders of cases, or models with X_output_N.pb beside them.") var paths: [String]
  @Option(help: "Only cases whose name holds this text.") var filter: String?
  @Option(help: "Device.") var device = "auto"
  @Flag(help: "Runs the references instead.") var reference = false
  @Option(help: "Cases whose name starts with this are skipped; may be repeated.") var skip: [String] = []
  @Option(help: "Relative tolerance.") var rtol = 1e-3
  @Option(help: "Absolute tolerance.") var atol = 1e-7
  @Option(help: "Threads (0: one a processor).") var threads = 0
  @OptionGroup var plugins: PluginOptions
  @Flag(help: "Prints one JSON document.") var json = false
  @Flag(name: .shortAndLong, help: "Says more.") var verbose = false

  private struct Document: Encodable {
    var passed: Int
    var failed: Int
    var skipped: Int
    var cases: [ConformanceResult]
  }

  func run() throws {
    try plugins.load()
    var cases = try ConformanceCase.find(all: paths)
    if let filter { cases = cases.filter { $0.name.contains(filter) } }
    guard !cases.isEmpty else { throw ConformanceCase.none(in: paths) }
    var runner = ConformanceRunner(tactics: try Device(parsing: device).tactics())
    runner.usesReferences = reference
    (runner.rtol, runner.atol) = (rtol, atol)
    let results = runAll(cases, runner)
    let document = Document(
      passed: results.count { $0.status == .passed }, failed: results.count { $0.status == .failed },
      skipped: results.count { $0.status == .skipped }, cases: results)
    if json { try Output.json(document) } else { show(document) }
    if document.failed > 0 { throw ExitCode(1) }
  }

  private func runAll(_ cases: [ConformanceCase], _ runner: ConformanceRunner) -> [ConformanceResult] {
    let pool = ThreadPool(threads: threads > 0 ? threads : ThreadPool.processorCount)
    let results = Mutex([ConformanceResult?](repeating: nil, count: cases.count))
    let done = Atomic(0)
    let prefixes = skip
    pool.run(cases.count) { index in
      let test = cases[index]
      let result =
        prefixes.contains(where: test.name.hasPrefix)
        ? ConformanceResult(
          name: test.name, status: .skipped, path: "none", tactics: [], reason: "asked to skip")
        : runner.run(test)
      results.withLock { $0[index] = result }
      let count = done.add(1, ordering: .relaxed).newValue
      if count % 50 == 0 { Output.progress("\(count) of \(cases.count) cases") }
    }
    Output.endProgress()
    return results.withLock { $0.compactMap { $0 } }
  }

  private func show(_ document: Document) {
    for result in document.cases where result.status != .passed || verbose {
      let tolerance = result.tolerance.map { " (atol \($0.atol): \($0.reason ?? ""))" } ?? ""
      Output.line(
        "\(result.status.rawValue)  \(result.name)\(result.reason.map { ": \($0)" } ?? "")\(tolerance)")
    }
    let raised = Dictionary(grouping: document.cases.compactMap(\.tolerance)) { $0.reason ?? "" }
    for (reason, tolerances) in raised.sorted(by: { $0.key < $1.key }) {
      let largest = tolerances.map(\.atol).max() ?? atol
      Output.line("\(tolerances.count) cases with atol up to \(largest): \(reason)")
    }
    Output.line(
      "\(document.passed) of \(document.cases.count) passed, \(document.failed) failed,"
        + " \(document.skipped) skipped")
  }
}
