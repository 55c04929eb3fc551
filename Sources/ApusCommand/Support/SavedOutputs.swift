import Apus
import FoundationEssentials
import Glibc

/// Outputs as files: `NAME.npy` and `outputs.json`.
enum SavedOutputs {
  private struct Entry: Encodable {
    var name: String
    var file: String
    var shape: [Int]
    var elementType: String
  }

  static func write(_ results: [String: Value], order: [String], to folder: String) throws {
    try makeFolder(folder)
    var entries: [Entry] = []
    var used: Set<String> = []
    for name in order {
      guard let value = results[name] else { continue }
      var base = String(String.UnicodeScalarView(name.unicodeScalars.map { isSafe($0) ? $0 : "_" }))
      var number = 1
      while !used.insert(base).inserted {
        number += 1
        base = "\(base)_\(number)"
      }
      try save(value, name: name, file: base, folder: folder, &entries)
    }
    try AtomicFile.write(Array(try Output.encoder.encode(entries)) + [10], to: "\(folder)/outputs.json")
  }

  private static func save(
    _ value: Value, name: String, file: String, folder: String, _ entries: inout [Entry]
  ) throws {
    switch value {
    case .tensor(let tensor):
      try NPYFile.write(tensor, to: "\(folder)/\(file).npy")
      entries.append(
        Entry(name: name, file: "\(file).npy", shape: tensor.shape, elementType: tensor.dtype.rawValue))
    case .sequence(let items, _):
      try makeFolder("\(folder)/\(file)")
      for (index, item) in items.enumerated() {
        try save(item, name: "\(name)/\(index)", file: "\(file)/\(index)", folder: folder, &entries)
      }
    case .optional(let item, _):
      if let item { try save(item, name: name, file: file, folder: folder, &entries) }
    }
  }

  static func makeFolder(_ path: String) throws {
    if mkdir(path, 0o777) != 0 && errno != EEXIST {
      throw ApusError(
        .missingFile,
        Problem(.fileUnwritable, "the folder cannot be made: \(String(cString: strerror(errno)))", file: path)
      )
    }
  }

  private static func isSafe(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar {
    case "A"..."Z", "a"..."z", "0"..."9", ".", "_", "-": true
    default: false
    }
  }
}
