import Apus
import FoundationEssentials
import Glibc

/// What the verbs print: results on standard output, everything else on standard error.
enum Output {
  static func note(_ text: String) { write(text + "\n", to: STDERR_FILENO) }

  static func line(_ text: String = "") { write(text + "\n", to: STDOUT_FILENO) }

  /// One JSON document.
  static func json(_ value: some Encodable) throws {
    write(String(decoding: try encoder.encode(value), as: UTF8.self) + "\n", to: STDOUT_FILENO)
  }

  static var encoder: JSONEncoder {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return encoder
  }

  private struct Failure: Encodable {
    struct Body: Encodable {
      var code: Int32
      var `class`: String
      var problems: [Problem]
    }
    var error: Body
  }

  /// Prints every problem.
  static func fail(_ error: ApusError, json wantsJSON: Bool) {
    for problem in error.problems { note("error: \(problem)") }
    if wantsJSON {
      try? json(
        Failure(error: .init(code: error.exitCode, class: error.category.rawValue, problems: error.problems)))
    }
  }

  /// Progress, when somebody watches: the line is replaced by the next.
  static func progress(_ text: String) {
    guard isatty(STDERR_FILENO) == 1 else { return }
    write("\u{1B}[2K\r\(text)…", to: STDERR_FILENO)
  }

  static func endProgress() {
    guard isatty(STDERR_FILENO) == 1 else { return }
    write("\u{1B}[2K\r", to: STDERR_FILENO)
  }

  private static func write(_ text: String, to descriptor: Int32) {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      guard count > 0 else { return }
      bytes = bytes.dropFirst(count)
    }
  }

  /// A number with `digits` decimals.
  static func text(_ number: Double, _ digits: Int = 3) -> String {
    guard number.isFinite else { return "\(number)" }
    var scale = 1.0
    for _ in 0..<digits { scale *= 10 }
    let scaled = Int64((abs(number) * scale).rounded())
    let whole = scaled / Int64(scale)
    let rest = String(scaled % Int64(scale))
    let sign = number < 0 && scaled > 0 ? "-" : ""
    return digits == 0
      ? "\(sign)\(whole)" : "\(sign)\(whole)." + String(repeating: "0", count: digits - rest.count) + rest
  }
}
