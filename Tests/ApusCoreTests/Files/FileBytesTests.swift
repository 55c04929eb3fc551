import Testing

@testable import ApusCore

struct FileBytesTests {
  @Test func numbersInNamesCompareAsNumbers() {
    let names = ["set_10", "set_2", "set_02b", "a", "set_1", "set_"]
    #expect(names.sorted(by: naturalOrder) == ["a", "set_", "set_1", "set_2", "set_02b", "set_10"])
  }

  @Test func linesAreTrimmed() throws {
    let folder = try TemporaryFolder()
    try AtomicFile.write(Array("cat \r\n\n  dog\n\n".utf8), to: folder.file("labels.txt"))
    #expect(try FileBytes.lines(folder.file("labels.txt")) == ["cat", "", "dog"])
  }

  @Test func missingFileHasItsExitCode() {
    let error = #expect(throws: ApusError.self) { try FileBytes.read("/nonexistent/file") }
    #expect(error?.exitCode == 66)
  }
}
