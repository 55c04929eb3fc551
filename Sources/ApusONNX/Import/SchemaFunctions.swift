import FoundationEssentials
import SwiftProtobuf

/// Function bodies that the ONNX standard gives for some of its operators.
enum SchemaFunctions {
  private struct Entry: Sendable {
    let since: Int
    let version: Int
    let body: Substring
  }

  private static let entries: [ImporterTable.Key: [Entry]] = {
    var entries: [ImporterTable.Key: [Entry]] = [:]
    for line in SchemaFunctionBodies.text.split(separator: "\n") {
      let fields = line.split(separator: "|", omittingEmptySubsequences: false)
      guard fields.count == 5, let since = Int(fields[2]), let version = Int(fields[3]) else { continue }
      let key = ImporterTable.Key(domain: String(fields[0]), opType: String(fields[1]))
      entries[key, default: []].append(Entry(since: since, version: version, body: fields[4]))
    }
    return entries
  }()

  /// The body of the operator that is in force at `version`: the newest that is no newer, else the oldest there is (a
  /// body names the operator sets it is written in).
  static func body(domain: String, opType: String, version: Int) -> Onnx_FunctionProto? {
    let key = ImporterTable.Key(domain: domain, opType: opType)
    guard let known = entries[key],
      let schema = SchemaTable.shared.schema(domain: domain, opType: opType, version: version)
    else { return nil }
    let bodies = known.filter { $0.since == schema.since }
    guard let entry = bodies.last(where: { $0.version <= version }) ?? bodies.first,
      let data = Data(base64Encoded: String(entry.body))
    else { return nil }
    return try? Onnx_FunctionProto(serializedBytes: data)
  }
}
