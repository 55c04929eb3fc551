import ApusCore
import Glibc
import Testing

/// What the command is linked with.
@Suite struct LinkedLibraryTests {
  /// A dependency that imports Foundation would add its 40 MB to every static program.
  @Test(arguments: [("Foundation.so", false), ("FoundationEssentials.so", true)])
  func foundationStaysOut(library: String, isNeeded: Bool) throws {
    let file = try MappedFile(path: Command.path)
    #expect(withExtendedLifetime(file) { holds(file.bytes, library) } == isNeeded, "\(library)")
  }

  /// Whether the text occurs, which begins with an uncommon letter.
  private func holds(_ bytes: UnsafeRawBufferPointer, _ text: String) -> Bool {
    let wanted = Array(text.utf8)
    guard var place = bytes.baseAddress, let first = wanted.first else { return false }
    let end = place + (bytes.count - wanted.count)
    while place < end, let found = memchr(place, Int32(first), end - place) {
      if memcmp(found, wanted, wanted.count) == 0 { return true }
      place = UnsafeRawPointer(found) + 1
    }
    return false
  }
}
