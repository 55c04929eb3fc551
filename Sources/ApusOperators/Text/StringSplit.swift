public import ApusCore

/// Every string split at a delimiter (by default at runs of white space) along a new last axis, padded with empty
/// strings; output 1 counts the parts. ONNX StringSplit 20.
public struct StringSplit: Operator {
  /// Empty: white space.
  public var delimiter = ""
  /// Most splits of one string; nil: no limit.
  public var maxSplit: Int?

  public static var importers: [Importer] {
    [
      .onnx("StringSplit", since: 20) { node in
        var op = StringSplit()
        op.delimiter = try node.string("delimiter", default: "")
        op.maxSplit = try node.int("maxsplit")
        return op
      }
    ]
  }

  public init() {}

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    let x = try context.tensor(0)
    try ElementTypes.strings.check(x.dtype)
    return [.tensor(.string, x.shape.map { $0 + [context.fresh("parts")] }), .tensor(.i64, x.shape)]
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let x = try operands.tensor(0, .strings)
    let parts = x.strings.map(split)
    let most = parts.map(\.count).max() ?? 0
    let padded = parts.flatMap { $0 + [String](repeating: "", count: most - $0.count) }
    return [
      .tensor(Tensor(strings: padded, shape: x.shape + [most])),
      .tensor(Tensor(parts.map { Int64($0.count) }, shape: x.shape)),
    ]
  }

  private func split(_ text: String) -> [String] {
    let limit = maxSplit.map { $0 < 0 ? Int.max : $0 } ?? .max
    var (parts, rest): ([String], Substring) = ([], text[...])
    if delimiter.isEmpty { rest = rest.drop(while: \.isWhitespace) }
    while parts.count < limit {
      guard let (before, after) = delimiter.isEmpty ? cutAtSpace(rest) : cutAtDelimiter(rest) else { break }
      parts.append(String(before))
      rest = after
    }
    return delimiter.isEmpty && rest.isEmpty ? parts : parts + [String(rest)]
  }

  private func cutAtSpace(_ text: Substring) -> (Substring, Substring)? {
    guard let space = text.firstIndex(where: \.isWhitespace) else { return nil }
    return (text[..<space], text[space...].drop(while: \.isWhitespace))
  }

  private func cutAtDelimiter(_ text: Substring) -> (Substring, Substring)? {
    var start = text.startIndex
    while start < text.endIndex {
      if text[start...].hasPrefix(delimiter) {
        return (text[..<start], text[start...].dropFirst(delimiter.count))
      }
      start = text.index(after: start)
    }
    return nil
  }
}
