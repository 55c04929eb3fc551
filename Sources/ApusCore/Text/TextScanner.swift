/// Why a text is not in the text form.
public struct TextError: Error, Sendable, CustomStringConvertible {
  public let message: String
  public let line: Int

  public var description: String { "line \(line): \(message)" }
}

/// Reads tokens of the text form from UTF-8.
struct TextScanner {
  private let bytes: [UInt8]
  private(set) var position = 0

  init(_ text: String) { bytes = Array(text.utf8) }

  func error(_ message: String) -> TextError {
    TextError(message: message, line: 1 + bytes[..<min(position, bytes.count)].count { $0 == 10 })
  }

  mutating func skipSpace() {
    while position < bytes.count {
      if bytes[position] <= 32 {
        position += 1
      } else if bytes[position] == UInt8(ascii: "/") && position + 1 < bytes.count
        && bytes[position + 1] == UInt8(ascii: "/")
      {
        while position < bytes.count && bytes[position] != 10 { position += 1 }
      } else {
        return
      }
    }
  }

  mutating func peek() -> UInt8? {
    skipSpace()
    return position < bytes.count ? bytes[position] : nil
  }

  /// Takes `token` when it comes next.
  mutating func take(_ token: String) -> Bool {
    skipSpace()
    let wanted = Array(token.utf8)
    guard position + wanted.count <= bytes.count,
      bytes[position..<position + wanted.count].elementsEqual(wanted)
    else {
      return false
    }
    if let last = wanted.last, Self.isPart(last), position + wanted.count < bytes.count,
      Self.isPart(bytes[position + wanted.count])
    {
      return false
    }
    position += wanted.count
    return true
  }

  mutating func expect(_ token: String) throws {
    guard take(token) else { throw error("expected '\(token)'") }
  }

  mutating func expectEnd() throws {
    skipSpace()
    guard position == bytes.count else { throw error("unexpected text after the end") }
  }

  private static func isPart(_ byte: UInt8) -> Bool { Unicode.Scalar(byte).isIdentifierPart }

  mutating func identifier() throws -> String {
    skipSpace()
    let start = position
    while position < bytes.count, Self.isPart(bytes[position]) { position += 1 }
    guard position > start else { throw error("expected a name") }
    return String(decoding: bytes[start..<position], as: UTF8.self)
  }

  mutating func quotedString() throws -> String {
    try expect("\"")
    var result: [UInt8] = []
    while position < bytes.count {
      let byte = bytes[position]
      position += 1
      if byte == UInt8(ascii: "\"") { return String(decoding: result, as: UTF8.self) }
      guard byte == UInt8(ascii: "\\") else {
        result.append(byte)
        continue
      }
      guard position < bytes.count else { break }
      let escape = bytes[position]
      position += 1
      switch escape {
      case UInt8(ascii: "n"): result.append(10)
      case UInt8(ascii: "t"): result.append(9)
      case UInt8(ascii: "u"):
        try expect("{")
        let digits = try identifier()
        try expect("}")
        guard let code = UInt32(digits, radix: 16), let scalar = Unicode.Scalar(code) else {
          throw error("bad escape")
        }
        result += Array(String(Character(scalar)).utf8)
      default: result.append(escape)
      }
    }
    throw error("string without an end")
  }

  /// `%name` or `%"any name"`.
  mutating func valueName() throws -> String {
    try expect("%")
    return position < bytes.count && bytes[position] == UInt8(ascii: "\"")
      ? try quotedString() : try identifier()
  }

  /// A number as text: digits, sign, point, exponent, `inf`, `nan`.
  mutating func numberText() throws -> String {
    skipSpace()
    let start = position
    if position < bytes.count, bytes[position] == UInt8(ascii: "-") { position += 1 }
    while position < bytes.count,
      Self.isPart(bytes[position])
        || ((bytes[position] == UInt8(ascii: "-") || bytes[position] == UInt8(ascii: "+"))
          && bytes[position - 1] | 0x20 == UInt8(ascii: "e"))
    { position += 1 }
    guard position > start else { throw error("expected a number") }
    return String(decoding: bytes[start..<position], as: UTF8.self)
  }

  mutating func integer() throws -> Int {
    let text = try numberText()
    guard let value = Int(text) else { throw error("'\(text)' is no integer") }
    return value
  }

  /// Items between `open` and `close`, separated by commas.
  mutating func list<T>(_ open: String, _ close: String, _ item: (inout TextScanner) throws -> T) throws
    -> [T]
  {
    try expect(open)
    var items: [T] = []
    while !take(close) {
      if !items.isEmpty { try expect(",") }
      items.append(try item(&self))
    }
    return items
  }
}

extension TextScanner {
  /// A dimension: sums of products of integers, symbols and functions.
  mutating func scanDim() throws -> Dim {
    var sum = try scanTerm()
    while true {
      if take("+") {
        sum = sum + (try scanTerm())
      } else if peek() == UInt8(ascii: "-") {
        sum = sum + (try scanTerm())
      } else {
        return sum
      }
    }
  }

  private mutating func scanTerm() throws -> Dim {
    var product: Dim = take("-") ? -1 : 1
    repeat { product = product * (try scanFactor()) } while take("*")
    return product
  }

  private mutating func scanFactor() throws -> Dim {
    guard let next = peek() else { throw error("expected a dimension") }
    if next >= 48 && next <= 57 { return .constant(try integer()) }
    if take("'") {
      let start = position
      while position < bytes.count && bytes[position] != UInt8(ascii: "'") { position += 1 }
      let name = String(decoding: bytes[start..<position], as: UTF8.self)
      try expect("'")
      return .symbol(name)
    }
    let name = try identifier()
    guard take("(") else { return .symbol(name) }
    let a = try scanDim()
    try expect(",")
    let b = try scanDim()
    try expect(")")
    switch name {
    case "floordiv": return a.floorDiv(b)
    case "mod": return a.mod(b)
    case "max": return Dim.max(a, b)
    case "min": return Dim.min(a, b)
    default: throw error("unknown function '\(name)'")
    }
  }

  /// `f32[batch,3]`, `f32[*]`, `seq(…)`, `optional(…)`.
  mutating func scanType() throws -> ValueType {
    let name = try identifier()
    if name == "seq" || name == "optional" {
      try expect("(")
      let element = try scanType()
      try expect(")")
      return name == "seq" ? .sequence(element) : .optional(element)
    }
    guard let dtype = DType(rawValue: name) else { throw error("unknown element type '\(name)'") }
    try expect("[")
    if take("*") {
      try expect("]")
      return .tensor(dtype, nil)
    }
    var shape: Shape = []
    while !take("]") {
      if !shape.isEmpty { try expect(",") }
      shape.append(try scanDim())
    }
    return .tensor(dtype, shape)
  }
}
