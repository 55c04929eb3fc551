import ApusCore
import FoundationEssentials
import Synchronization

/// Winners of earlier measurements, by signature; kept in a JSON file that merges. A file that cannot be read or
/// written never stops a build.
public final class TimingCache: Sendable {
  /// What was measured for one signature.
  public struct Entry: Codable, Sendable, Equatable {
    public var tactic: String
    public var milliseconds: Double

    public init(tactic: String, milliseconds: Double) {
      self.tactic = tactic
      self.milliseconds = milliseconds
    }
  }

  private let path: String?
  private let entries: Mutex<[String: Entry]>

  /// A cache in memory, or one that starts with the contents of a file.
  public init(path: String? = nil) {
    self.path = path
    entries = Mutex(path.map(Self.read) ?? [:])
  }

  public subscript(signature: String) -> Entry? {
    get { entries.withLock { $0[signature] } }
    set { entries.withLock { $0[signature] = newValue } }
  }

  public var count: Int { entries.withLock { $0.count } }

  /// Adds the entries to the file's, which others may have extended meanwhile. Returns the reason when it fails.
  @discardableResult public func save() -> String? {
    guard let path else { return nil }
    let merged = Self.read(path).merging(entries.withLock { $0 }) { _, own in own }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
    do {
      try AtomicFile.write([UInt8](try encoder.encode(merged)), to: path)
      return nil
    } catch { return "\(error)" }
  }

  private static func read(_ path: String) -> [String: Entry] {
    guard let storage = try? FileBytes.read(path) else { return [:] }
    let data = Data(UnsafeRawBufferPointer(start: storage.base, count: storage.byteCount))
    return (try? JSONDecoder().decode([String: Entry].self, from: data)) ?? [:]
  }
}
