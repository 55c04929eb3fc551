import ApusCore
import Testing

/// `Docs/Errors.md` lists every kind of problem, as `ProblemID.all` has it.
@Suite struct ErrorDocumentTests {
  static func table() -> String {
    ProblemID.all.map { "| \($0.code) | \($0.summary) |" }.joined(separator: "\n")
  }

  @Test func everyProblemIsListed() throws {
    let root = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
    let lines = try FileBytes.lines("\(root)/Docs/Errors.md")
    for id in ProblemID.all {
      #expect(
        lines.contains("| \(id.code) | \(id.summary) |"), "Docs/Errors.md lacks \(id.code): \(id.summary)")
    }
    let rows = lines.filter { $0.hasPrefix("| APUS-") }
    #expect(rows.count == ProblemID.all.count, "Docs/Errors.md lists problems that are gone")
  }

  @Test func numbersAreUnique() {
    #expect(Set(ProblemID.all.map(\.number)).count == ProblemID.all.count)
  }
}
