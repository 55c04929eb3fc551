extension Dim: CustomStringConvertible {
  /// `224`, `batch`, `2*batch+1`, `floordiv(h+1, 2)`.
  public var description: String {
    switch self {
    case .constant(let value): return String(value)
    case .symbolic(let polynomial):
      var text = ""
      for term in polynomial.terms {
        let part = term.description
        text += text.isEmpty || part.hasPrefix("-") ? part : "+" + part
      }
      return text
    }
  }
}

extension Dim.Term: CustomStringConvertible {
  public var description: String {
    if factors.isEmpty { return String(coefficient) }
    let product = factors.map(\.description).joined(separator: "*")
    switch coefficient {
    case 1: return product
    case -1: return "-" + product
    default: return "\(coefficient)*\(product)"
    }
  }
}

extension Dim.Factor: CustomStringConvertible {
  public var description: String {
    switch self {
    case .symbol(let name): Dim.Factor.isPlain(name) ? name : "'\(name)'"
    case .floorDiv(let a, let b): "floordiv(\(a), \(b))"
    case .mod(let a, let b): "mod(\(a), \(b))"
    case .max(let a, let b): "max(\(a), \(b))"
    case .min(let a, let b): "min(\(a), \(b))"
    }
  }

  /// Whether a symbol can stand in the text form without quotes.
  static func isPlain(_ name: String) -> Bool {
    guard let first = name.unicodeScalars.first, first.isIdentifierStart else { return false }
    return name.unicodeScalars.allSatisfy(\.isIdentifierPart)
      && !["floordiv", "mod", "max", "min"].contains(name)
  }
}

extension Unicode.Scalar {
  /// ASCII letters and the underscore.
  var isIdentifierStart: Bool {
    (value | 0x20 >= 97 && value | 0x20 <= 122) || value == 95
  }

  /// Letters, digits, underscore, dot.
  var isIdentifierPart: Bool {
    isIdentifierStart || (value >= 48 && value <= 57) || value == 46
  }
}

extension Dim: Codable {
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let value = try? container.decode(Int.self) {
      self = .constant(value)
    } else {
      let text = try container.decode(String.self)
      var scanner = TextScanner(text)
      self = try scanner.scanDim()
      try scanner.expectEnd()
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    if let value { try container.encode(value) } else { try container.encode(description) }
  }
}
