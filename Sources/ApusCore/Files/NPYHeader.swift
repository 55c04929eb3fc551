/// The header of a .npy file: a Python dictionary literal with the keys `descr`, `fortran_order` and `shape`.
///
/// Source: NumPy Enhancement Proposal 1.
struct NPYHeader: Equatable {
  /// Byte order and type, such as `<f4`.
  var descr: String
  var fortranOrder: Bool
  var shape: [Int]

  init(descr: String, fortranOrder: Bool, shape: [Int]) {
    self.descr = descr
    self.fortranOrder = fortranOrder
    self.shape = shape
  }

  /// Nil where the text is not such a dictionary, or describes records.
  init?(_ text: [UInt8]) {
    var parser = Parser(text: text)
    guard parser.take("{") else { return nil }
    var descr: String?
    var fortranOrder: Bool?
    var shape: [Int]?
    while !parser.take("}") {
      guard let key = parser.string(), parser.take(":") else { return nil }
      switch key {
      case "descr": descr = parser.string()
      case "fortran_order": fortranOrder = parser.boolean()
      case "shape": shape = parser.tuple()
      default: return nil
      }
      guard parser.take(",") || parser.next == UInt8(ascii: "}") else { return nil }
    }
    guard let descr, let fortranOrder, let shape, parser.next == nil else { return nil }
    self.init(descr: descr, fortranOrder: fortranOrder, shape: shape)
  }

  /// Magic, version, length and dictionary, padded so that the data starts at a multiple of 64.
  var encoded: [UInt8] {
    let sizes = shape.map(String.init).joined(separator: ", ") + (shape.count == 1 ? "," : "")
    let order = fortranOrder ? "True" : "False"
    let text = Array("{'descr': '\(descr)', 'fortran_order': \(order), 'shape': (\(sizes)), }".utf8)
    let short = text.count + 75 < 0xFFFF
    let prefix = short ? 10 : 12
    let padded = (prefix + text.count + 1 + 63) / 64 * 64
    var out = ByteWriter()
    out.bytes = [0x93] + Array("NUMPY".utf8) + [short ? 1 : 2, 0]
    if short { out.u16(UInt16(padded - prefix)) } else { out.u32(UInt32(padded - prefix)) }
    out.bytes += text
    out.bytes += [UInt8](repeating: UInt8(ascii: " "), count: padded - prefix - text.count - 1)
    out.bytes.append(UInt8(ascii: "\n"))
    return out.bytes
  }

  private struct Parser {
    let text: [UInt8]
    var offset = 0

    /// The next byte that is not a space.
    var next: UInt8? {
      mutating get {
        while offset < text.count, [0x20, 0x0A, 0x0D, 0x09].contains(text[offset]) { offset += 1 }
        return offset < text.count ? text[offset] : nil
      }
    }

    mutating func take(_ character: Unicode.Scalar) -> Bool {
      guard next == UInt8(ascii: character) else { return false }
      offset += 1
      return true
    }

    mutating func string() -> String? {
      guard let quote = next, quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"") else { return nil }
      let rest = text[(offset + 1)...]
      guard let end = rest.firstIndex(of: quote) else { return nil }
      offset = end + 1
      return String(decoding: rest[..<end], as: UTF8.self)
    }

    mutating func boolean() -> Bool? {
      guard next != nil else { return nil }
      for (word, value) in [("True", true), ("False", false)] where text[offset...].starts(with: word.utf8) {
        offset += word.utf8.count
        return value
      }
      return nil
    }

    mutating func integer() -> Int? {
      guard next != nil else { return nil }
      let digits = text[offset...].prefix { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
      offset = digits.endIndex
      let value = Int(String(decoding: digits, as: UTF8.self))
      _ = take("L")  // long integers of Python 2
      return value
    }

    mutating func tuple() -> [Int]? {
      guard take("(") else { return nil }
      var values: [Int] = []
      while !take(")") {
        guard let value = integer() else { return nil }
        values.append(value)
        guard take(",") || next == UInt8(ascii: ")") else { return nil }
      }
      return values
    }
  }
}
