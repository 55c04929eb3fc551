import ApusCore
import Glibc
import Synchronization

/// Machine code by source, target and compiler, in memory and on disk.
public final class KernelCache: Sendable {
  public let compiler: RuntimeCompiler
  /// Folder of the cache; nil keeps machine code in memory only.
  public let folder: String?
  private let images: Mutex<[String: [UInt8]]>

  /// Kernels that were compiled, and found on disk, so far.
  public var counts: (compiled: Int, found: Int) { counters.withLock { $0 } }
  private let counters = Mutex((compiled: 0, found: 0))

  public init(_ compiler: RuntimeCompiler, folder: String? = KernelCache.defaultFolder) {
    self.compiler = compiler
    self.folder = folder
    images = Mutex([:])
  }

  /// `$APUS_CACHE/kernels`, else `$XDG_CACHE_HOME/apus/kernels`, else `~/.cache/apus/kernels`; nil without a home.
  public static var defaultFolder: String? {
    func variable(_ name: String) -> String? {
      getenv(name).map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
    }
    if let folder = variable("APUS_CACHE") { return folder + "/kernels" }
    if let folder = variable("XDG_CACHE_HOME") { return folder + "/apus/kernels" }
    return variable("HOME").map { $0 + "/.cache/apus/kernels" }
  }

  /// Identity of the machine code: source with headers and constants, target, compiler, options.
  public func key(_ source: KernelSource, target: String) throws -> String {
    let parts = [
      try source.expanded(), source.entry, compiler.version,
      RuntimeCompiler.options(target).joined(separator: " "),
    ]
    let text = Array(parts.joined(separator: "\u{0}").utf8)
    return text.withUnsafeBytes { XXH3.hash128($0).hex }
  }

  /// Machine code, compiled unless it is known.
  public func image(_ source: KernelSource, target: String) throws -> [UInt8] {
    let key = try key(source, target: target)
    if let image = images.withLock({ $0[key] }) { return image }
    if let image = read(key) {
      images.withLock { $0[key] = image }
      counters.withLock { $0.found += 1 }
      return image
    }
    let image = try compiler.cubin(source, target: target)
    images.withLock { $0[key] = image }
    counters.withLock { $0.compiled += 1 }
    write(image, key)
    return image
  }

  /// Machine code of many kernels, on `threads` threads; a kernel that does not compile gives its error.
  public func images(
    _ sources: [KernelSource], target: String, threads: Int
  ) -> [Result<[UInt8], any Error>] {
    let results = Mutex([Result<[UInt8], any Error>?](repeating: nil, count: sources.count))
    let next = Mutex(0)
    runThreads(min(threads, sources.count)) {
      while true {
        let index = next.withLock { value in
          defer { value += 1 }
          return value
        }
        guard index < sources.count else { return }
        let result = Result<[UInt8], any Error> { try self.image(sources[index], target: target) }
        results.withLock { $0[index] = result }
      }
    }
    let missing = ApusError(.internal, Problem(.internalError, "a kernel was not compiled"))
    return results.withLock { $0.map { $0 ?? .failure(missing) } }
  }

  private func read(_ key: String) -> [UInt8]? {
    guard let folder, let file = try? MappedFile(path: "\(folder)/\(key).cubin") else { return nil }
    let bytes = withExtendedLifetime(file) { Array(file.bytes) }
    // The last sixteen bytes are a hash of the rest: a damaged file is compiled anew.
    guard bytes.count > 16 else { return nil }
    let hash = bytes.dropLast(16).withUnsafeBytes { XXH3.hash128($0) }
    return Array(bytes.suffix(16)) == hash.bytes ? Array(bytes.dropLast(16)) : nil
  }

  /// A cache that cannot be written is no failure.
  private func write(_ image: [UInt8], _ key: String) {
    guard let folder else { return }
    var path = ""
    for part in folder.split(separator: "/", omittingEmptySubsequences: true) {
      path += (path.isEmpty && !folder.hasPrefix("/") ? "" : "/") + part
      mkdir(path, 0o755)
    }
    let hash = image.withUnsafeBytes { XXH3.hash128($0) }
    try? AtomicFile.write(image + hash.bytes, to: "\(folder)/\(key).cubin")
  }
}

extension XXH3.Hash128 {
  var bytes: [UInt8] { withUnsafeBytes(of: (high, low)) { Array($0) } }
}

/// Runs `body` on `count` threads of the operating system (compilers block, so tasks of Swift's pool would not do) and
/// waits for all of them.
func runThreads(_ count: Int, _ body: @escaping @Sendable () -> Void) {
  final class Work: Sendable {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
  }
  guard count > 1 else { return body() }
  var threads: [pthread_t] = []
  for _ in 1..<count {
    var thread = pthread_t()
    let work = Unmanaged.passRetained(Work(body))
    let code = pthread_create(
      &thread, nil,
      { context in
        guard let context else { return nil }
        Unmanaged<Work>.fromOpaque(context).takeRetainedValue().body()
        return nil
      }, work.toOpaque())
    if code == 0 { threads.append(thread) } else { work.release() }
  }
  body()
  for thread in threads { pthread_join(thread, nil) }
}
