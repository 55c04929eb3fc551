import ApusCore
import FoundationEssentials
import Glibc
import Testing

/// The built command, run as a process of its own.
struct Command {
  var status: Int32
  var output: String
  var errors: String

  /// The process that was killed by a signal instead of ending.
  var signal: Int32?

  struct Failure: Decodable {
    struct Body: Decodable {
      var code: Int32
      var problems: [Problem]
    }
    var error: Body
  }

  /// The document that `--json` prints where something failed.
  func failure() throws -> Failure.Body {
    try JSONDecoder().decode(Failure.self, from: Data(output.utf8)).error
  }

  /// Runs `apus` with arguments and waits for it.
  init(_ arguments: [String], in folder: TemporaryFolder) throws {
    let (out, err) = ("\(folder.path)/.stdout", "\(folder.path)/.stderr")
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    for (descriptor, path) in [(1, out), (2, err)] {
      posix_spawn_file_actions_addopen(
        &actions, Int32(descriptor), path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    }
    var argv = ([Self.path] + arguments).map { strdup($0) }
    argv.append(nil)
    defer { argv.forEach { free($0) } }
    var process: pid_t = 0
    try #require(posix_spawn(&process, Self.path, &actions, nil, argv, environ) == 0)
    var raw: Int32 = 0
    while waitpid(process, &raw, 0) < 0 && errno == EINTR {}
    signal = raw & 0x7F == 0 ? nil : raw & 0x7F
    status = (raw >> 8) & 0xFF
    output = try Self.text(out)
    errors = try Self.text(err)
  }

  private static func text(_ path: String) throws -> String {
    String(decoding: try contents(of: path), as: UTF8.self)
  }

  /// The command lies beside the tests' own executable.
  static let path: String = {
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
    let length = max(0, readlink("/proc/self/exe", &buffer, Int(PATH_MAX)))
    let executable = String(decoding: buffer.prefix(length).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    return "/" + executable.split(separator: "/").dropLast().joined(separator: "/") + "/apus"
  }()
}

/// A folder that goes away with its owner.
final class TemporaryFolder {
  let path: String

  init() throws {
    var template = Array("/tmp/apus-tests-XXXXXX".utf8CString)
    try #require(mkdtemp(&template) != nil)
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// Files in the folder, the command's own output left out.
  func files() throws -> [String] {
    try FileBytes.names(inFolder: path).filter { !$0.hasPrefix(".") }.sorted()
  }

  @discardableResult
  func write(_ name: String, _ bytes: [UInt8]) throws -> String {
    try AtomicFile.write(bytes, to: "\(path)/\(name)")
    return "\(path)/\(name)"
  }

  deinit {
    for name in (try? FileBytes.names(inFolder: path)) ?? [] { unlink("\(path)/\(name)") }
    rmdir(path)
  }
}

/// The bytes of a file.
func contents(of path: String) throws -> [UInt8] {
  let storage = try FileBytes.read(path)
  return withExtendedLifetime(storage) {
    Array(UnsafeRawBufferPointer(start: storage.base, count: storage.byteCount))
  }
}
