import ApusCore

/// A kernel as it is given to the compiler: a file or generated text, and the constants that specialise it.
public struct KernelSource: Sendable, Hashable, Codable {
  /// File of `KernelSources`, or a name for generated text.
  public var name: String
  /// Entry point.
  public var entry: String
  /// Generated text; nil for a file of the program. It may include the program's headers.
  public var text: String?
  /// Macros, in order.
  public var defines: [Define]

  public struct Define: Sendable, Hashable, Codable {
    public var name: String
    public var value: String

    public init(_ name: String, _ value: String) {
      self.name = name
      self.value = value
    }
    public init(_ name: String, _ value: Int) { self.init(name, String(value)) }
    public init(_ name: String, _ value: Bool) { self.init(name, value ? "1" : "0") }
    /// A float literal that reads back exactly.
    public init(_ name: String, _ value: Float) { self.init(name, Define.literal(value)) }

    static func literal(_ value: Float) -> String {
      if value.isNaN { return "__int_as_float(0x7fffffff)" }
      if value.isInfinite { return value > 0 ? "__int_as_float(0x7f800000)" : "__int_as_float(0xff800000)" }
      let text = "\(value)"
      return text.contains(".") || text.contains("e") ? text + "f" : text + ".0f"
    }
  }

  public init(file name: String, entry: String? = nil, defines: [Define] = []) {
    self.name = name
    self.entry = entry ?? String(name.prefix { $0 != "." })
    self.defines = defines
  }

  public init(generated text: String, name: String, entry: String, defines: [Define] = []) {
    self.name = name
    self.entry = entry
    self.text = text
    self.defines = defines
  }

  /// The whole text that reaches the compiler, headers included: what machine code depends on besides the target.
  func expanded() throws -> String {
    guard let body = text.map({ Self.expand($0, name) }) ?? KernelSources.expanded(name) else {
      throw ApusError(.internal, Problem(.internalError, "there is no kernel source \(name)"))
    }
    let prologue = defines.map { "#define \($0.name) \($0.value)\n" }.joined()
    return prologue + "#line 1 \"\(name)\"\n" + body
  }

  /// Replaces `#include "file"` by the file, once each.
  static func expand(_ text: String, _ name: String) -> String {
    var seen: Set<String> = []
    return expand(text, name, &seen)
  }

  private static func expand(_ text: String, _ name: String, _ seen: inout Set<String>) -> String {
    var result = ""
    var number = 0
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      number += 1
      guard line.hasPrefix("#include \""), let end = line.lastIndex(of: "\"") else {
        if line != "#pragma once" { result += line }
        result += "\n"
        continue
      }
      let file = String(line[line.index(line.startIndex, offsetBy: 10)..<end])
      if seen.insert(file).inserted, let header = KernelSources.text(file) {
        result += "#line 1 \"\(file)\"\n" + expand(header, file, &seen)
        result += "#line \(number + 1) \"\(name)\"\n"
      } else {
        result += "\n"
      }
    }
    return result
  }
}
