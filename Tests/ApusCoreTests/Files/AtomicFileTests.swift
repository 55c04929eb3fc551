import ApusCore
import Glibc
import Testing

struct AtomicFileTests {
  @Test func appearsOnlyWithCommit() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.bin")
    let file = try AtomicFile(path)
    try file.write([1, 2, 3])
    #expect(!FileBytes.exists(path))
    try file.commit(durable: true)
    #expect(try FileBytes.read(path).bytes == [1, 2, 3])
    #expect(try FileBytes.names(inFolder: folder.path) == ["a.bin"])
  }

  @Test func leavesNothingWithoutCommit() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.bin")
    try AtomicFile.write([7], to: path)
    do {
      let file = try AtomicFile(path)
      try file.write([1, 2, 3])
    }
    #expect(try FileBytes.read(path).bytes == [7])
    #expect(try FileBytes.names(inFolder: folder.path) == ["a.bin"])
  }

  @Test func replacesWhatALinkPointsAtAndKeepsTheMode() throws {
    let folder = try TemporaryFolder()
    try AtomicFile.write([1], to: folder.file("real"))
    chmod(folder.file("real"), 0o640)
    #expect(symlink("real", folder.file("link")) == 0)
    try AtomicFile.write([2], to: folder.file("link"))
    #expect(try FileBytes.read(folder.file("real")).bytes == [2])
    var status = stat()
    #expect(stat(folder.file("real"), &status) == 0 && status.st_mode & 0o777 == 0o640)
  }

  @Test func writesDevicesDirectly() throws {
    try AtomicFile.write([1], to: "/dev/null")
    #expect(FileBytes.exists("/dev/null") && !FileBytes.isFolder("/dev/null"))
  }

  @Test func missingFolderIsNamed() throws {
    let folder = try TemporaryFolder()
    let error = #expect(throws: ApusError.self) { try AtomicFile.write([], to: folder.file("no/file")) }
    #expect(error?.category == .missingFile)
    #expect(error?.problems.first?.file == folder.file("no/file"))
  }
}
