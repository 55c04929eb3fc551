import ApusCore
import ApusCPUTactics
import ApusTactics
import ApusTestSupport
import Testing

/// Compares all CPU tactics of one node with its reference; `tactics` must be among those that ran.
func check(
  _ cases: [NodeCase], runs tactics: Set<String>, sourceLocation: SourceLocation = #_sourceLocation
) throws {
  for (number, node) in cases.enumerated() {
    for threads in [1, 2] {
      let report = try node.compare(.cpu(), threads: threads, seed: UInt64(number))
      #expect(
        report.failures.isEmpty, "case \(number), \(threads) threads: \(report.failures)",
        sourceLocation: sourceLocation)
      #expect(
        tactics.isSubset(of: report.tactics), "case \(number) ran \(report.tactics)",
        sourceLocation: sourceLocation)
    }
  }
}
