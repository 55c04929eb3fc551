import Glibc

/// The test cases that the `onnx` Python package carries: a folder for each, with a model and its inputs and outputs.
struct ONNXTestData {
  /// Names of the cases, sorted.
  let cases: [String]
  /// The folder of the cases.
  let root: String
  /// Whether the cases are there, and none is left out.
  var isWhole: Bool { !cases.isEmpty && Self.environment("APUS_ONNX_CASES") == nil }

  /// The operators' own cases; none when the package is not installed.
  ///
  /// Looked for in `APUS_ONNX_TESTS` (the folder that holds `node`), in `.venv` beside the package's manifest, and in
  /// the packages of `python3`. `APUS_ONNX_CASES` narrows the list to names that hold one of its comma-separated parts.
  static let node = ONNXTestData("node")

  private init(_ kind: String) {
    root = Self.dataFolder().map { "\($0)/\(kind)" } ?? ""
    let parts = Self.environment("APUS_ONNX_CASES")?.split(separator: ",").map(String.init)
    cases = Self.entries(root).filter { name in
      name.hasPrefix("test_") && parts?.contains { name.contains($0) } ?? true
    }
  }

  func model(_ name: String) -> String { "\(root)/\(name)/model.onnx" }

  /// The data sets of a case: its folders `test_data_set_0` and so on.
  func dataSets(_ name: String) -> [String] {
    Self.entries("\(root)/\(name)").filter { $0.hasPrefix("test_data_set_") }.map { "\(root)/\(name)/\($0)" }
  }

  /// Files `input_0.pb`, `input_1.pb`, … of a data set, in order.
  func files(_ dataSet: String, _ kind: String) -> [String] {
    let present = Set(Self.entries(dataSet))
    return (0..<present.count).map { "\(kind)_\($0).pb" }.filter(present.contains).map { "\(dataSet)/\($0)" }
  }

  private static func dataFolder() -> String? {
    let suffix = "onnx/backend/test/data"
    if let folder = environment("APUS_ONNX_TESTS") { return folder }
    let package = #filePath.split(separator: "/").dropLast(3).map { "/" + $0 }.joined()
    let library = "\(package)/.venv/lib"
    let installed = entries(library).map { "\(library)/\($0)/site-packages/\(suffix)" }
    let command = "python3 -c 'import os, onnx; print(os.path.dirname(onnx.__file__))' 2>/dev/null"
    let found = installed + [output(of: command) + "/backend/test/data"]
    return found.first { !entries($0).isEmpty }
  }

  private static func environment(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

  private static func entries(_ folder: String) -> [String] {
    guard let directory = opendir(folder) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if !name.hasPrefix(".") { names.append(name) }
    }
    return names.sorted()
  }

  private static func output(of command: String) -> String {
    guard let pipe = popen(command, "r") else { return "" }
    defer { pclose(pipe) }
    var line = [CChar](repeating: 0, count: 4096)
    guard fgets(&line, Int32(line.count), pipe) != nil else { return "" }
    return String(decoding: line.prefix { $0 != 0 && $0 != 10 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
