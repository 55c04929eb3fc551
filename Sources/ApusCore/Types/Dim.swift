/// A dimension: an integer, or an integer expression over symbols such as `batch`.
///
/// Expressions are kept as polynomials in canonical form, so that equal dimensions compare equal
/// (`batch*3 + batch == 4*batch`). Arithmetic saturates at `Int.max` instead of trapping: sizes come from files.
public enum Dim: Hashable, Sendable {
  case constant(Int)
  case symbolic(Polynomial)

  /// A named symbol, as `dim_param` of ONNX.
  public static func symbol(_ name: String) -> Dim {
    .symbolic(Polynomial(terms: [Term(coefficient: 1, factors: [.symbol(name)])]))
  }

  /// A sum of products; never a plain constant.
  public struct Polynomial: Hashable, Sendable {
    /// Sorted by factors; no two terms have the same factors and no coefficient is zero.
    public let terms: [Term]
  }

  /// `coefficient * Π factors`; the constant term has no factors.
  public struct Term: Hashable, Sendable {
    public var coefficient: Int
    public var factors: [Factor]
  }

  /// What a product can hold beside numbers.
  public indirect enum Factor: Hashable, Sendable {
    case symbol(String)
    case floorDiv(Dim, Dim)
    case mod(Dim, Dim)
    case max(Dim, Dim)
    case min(Dim, Dim)
  }

  /// The integer, when it is one.
  public var value: Int? {
    if case .constant(let value) = self { return value }
    return nil
  }

  /// The symbol's name, when the dimension is a bare symbol.
  public var symbolName: String? {
    guard case .symbolic(let polynomial) = self, polynomial.terms.count == 1,
      let term = polynomial.terms.first, term.coefficient == 1, term.factors.count == 1,
      case .symbol(let name) = term.factors[0]
    else { return nil }
    return name
  }

  /// All symbols that the value depends on.
  public var symbols: Set<String> {
    guard case .symbolic(let polynomial) = self else { return [] }
    return polynomial.terms.reduce(into: []) { found, term in
      for factor in term.factors { found.formUnion(factor.symbols) }
    }
  }

  /// The integer for given symbols, or nil when a symbol is missing or a division by zero occurs.
  public func evaluate(_ symbols: [String: Int]) -> Int? {
    switch self {
    case .constant(let value): return value
    case .symbolic(let polynomial):
      var sum = 0
      for term in polynomial.terms {
        var product = term.coefficient
        for factor in term.factors {
          guard let value = factor.evaluate(symbols) else { return nil }
          product = saturatingMultiply(product, value)
        }
        sum = saturatingAdd(sum, product)
      }
      return sum
    }
  }

  /// The expression with symbols replaced.
  public func substituting(_ replace: (String) -> Dim?) -> Dim {
    guard case .symbolic(let polynomial) = self else { return self }
    var sum = Dim.constant(0)
    for term in polynomial.terms {
      var product = Dim.constant(term.coefficient)
      for factor in term.factors { product = product * factor.substituting(replace) }
      sum = sum + product
    }
    return sum
  }
}

extension Dim: ExpressibleByIntegerLiteral {
  public init(integerLiteral value: Int) { self = .constant(value) }
  public init(_ value: Int) { self = .constant(value) }
}

extension Dim.Factor {
  var symbols: Set<String> {
    switch self {
    case .symbol(let name): [name]
    case .floorDiv(let a, let b), .mod(let a, let b), .max(let a, let b), .min(let a, let b):
      a.symbols.union(b.symbols)
    }
  }

  func evaluate(_ symbols: [String: Int]) -> Int? {
    switch self {
    case .symbol(let name): return symbols[name]
    case .floorDiv(let a, let b):
      guard let x = a.evaluate(symbols), let y = b.evaluate(symbols), y != 0 else { return nil }
      return flooredQuotient(x, y)
    case .mod(let a, let b):
      guard let x = a.evaluate(symbols), let y = b.evaluate(symbols), y != 0 else { return nil }
      return saturatingAdd(x, -saturatingMultiply(flooredQuotient(x, y), y))
    case .max(let a, let b):
      guard let x = a.evaluate(symbols), let y = b.evaluate(symbols) else { return nil }
      return Swift.max(x, y)
    case .min(let a, let b):
      guard let x = a.evaluate(symbols), let y = b.evaluate(symbols) else { return nil }
      return Swift.min(x, y)
    }
  }

  func substituting(_ replace: (String) -> Dim?) -> Dim {
    switch self {
    case .symbol(let name): replace(name) ?? .symbol(name)
    case .floorDiv(let a, let b): a.substituting(replace).floorDiv(b.substituting(replace))
    case .mod(let a, let b): a.substituting(replace).mod(b.substituting(replace))
    case .max(let a, let b): Dim.max(a.substituting(replace), b.substituting(replace))
    case .min(let a, let b): Dim.min(a.substituting(replace), b.substituting(replace))
    }
  }
}
