/// NumPy's .npz format: a zip file of .npy members, stored or deflated.
public enum NPZFile {
  /// The arrays by key, that is member names without `.npy`.
  public static func read(_ path: String) throws -> [String: Tensor] {
    let archive = try ZipArchive(contentsOf: path)
    var arrays: [String: Tensor] = [:]
    for member in archive.members where member.name.hasSuffix(".npy") {
      let contents = try archive.contents(of: member)
      arrays[String(member.name.dropLast(4))] = try NPYFile.decode(contents, file: "\(path):\(member.name)")
    }
    guard !arrays.isEmpty || archive.members.isEmpty else {
      throw ApusError(.invalidInput, Problem(.badData, "a zip file without .npy members", file: path))
    }
    return arrays
  }

  /// Writes the arrays sorted by key, so that equal contents give equal files.
  public static func write(
    _ arrays: [String: Tensor], to path: String, compressed: Bool = false, durable: Bool = false
  ) throws {
    let writer = try ZipWriter(path)
    for (key, tensor) in arrays.sorted(by: { $0.key < $1.key }) {
      let (header, body) = NPYFile.encode(tensor)
      let contents = body.withUnsafeBytes { header + Array($0) }
      try contents.withUnsafeBytes { try writer.add("\(key).npy", $0, compressed: compressed) }
    }
    try writer.commit(durable: durable)
  }
}
