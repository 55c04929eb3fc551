func saturatingAdd(_ a: Int, _ b: Int) -> Int {
  let (sum, overflow) = a.addingReportingOverflow(b)
  return overflow ? (a < 0 ? Int.min + 1 : Int.max) : sum
}

func saturatingMultiply(_ a: Int, _ b: Int) -> Int {
  let (product, overflow) = a.multipliedReportingOverflow(by: b)
  return overflow ? ((a < 0) != (b < 0) ? Int.min + 1 : Int.max) : product
}

/// Quotient rounded towards minus infinity; `b` is not zero.
func flooredQuotient(_ a: Int, _ b: Int) -> Int {
  let (quotient, overflow) = a.dividedReportingOverflow(by: b)
  if overflow { return Int.max }
  return a % b != 0 && (a < 0) != (b < 0) ? quotient - 1 : quotient
}

extension Dim {
  private var terms: [Term] {
    switch self {
    case .constant(0): []
    case .constant(let value): [Term(coefficient: value, factors: [])]
    case .symbolic(let polynomial): polynomial.terms
    }
  }

  /// Brings terms into canonical form.
  private init(terms: [Term]) {
    var sums: [[Factor]: Int] = [:]
    for term in terms {
      sums[term.factors, default: 0] = saturatingAdd(sums[term.factors, default: 0], term.coefficient)
    }
    let kept = sums.filter { $0.value != 0 }
    if kept.isEmpty {
      self = .constant(0)
    } else if kept.count == 1, let constant = kept[[]] {
      self = .constant(constant)
    } else {
      let sorted = kept.map { Term(coefficient: $0.value, factors: $0.key) }.sorted {
        Term.inOrder($0, $1)
      }
      self = .symbolic(Polynomial(terms: sorted))
    }
  }

  public static func + (a: Dim, b: Dim) -> Dim {
    if case .constant(let x) = a, case .constant(let y) = b { return .constant(saturatingAdd(x, y)) }
    return Dim(terms: a.terms + b.terms)
  }

  public static func - (a: Dim, b: Dim) -> Dim { a + (b * .constant(-1)) }

  public static func * (a: Dim, b: Dim) -> Dim {
    if case .constant(let x) = a, case .constant(let y) = b { return .constant(saturatingMultiply(x, y)) }
    var products: [Term] = []
    for x in a.terms {
      for y in b.terms {
        let factors = (x.factors + y.factors).sorted { $0.description < $1.description }
        products.append(Term(coefficient: saturatingMultiply(x.coefficient, y.coefficient), factors: factors))
      }
    }
    return Dim(terms: products)
  }

  /// Quotient rounded towards minus infinity; simplified when the division is exact.
  public func floorDiv(_ divisor: Dim) -> Dim {
    if let x = value, let y = divisor.value, y != 0 { return .constant(flooredQuotient(x, y)) }
    if divisor == 1 { return self }
    if self == divisor { return 1 }
    if let exact = dividedExactly(by: divisor) { return exact }
    if let y = divisor.value, y > 1 {
      // (y*q + r) / y = q + r/y for the terms that y divides.
      let whole = terms.filter { $0.coefficient % y == 0 }
      if !whole.isEmpty, whole.count < terms.count {
        let rest = Dim(terms: terms.filter { $0.coefficient % y != 0 })
        let quotient = Dim(terms: whole.map { Term(coefficient: $0.coefficient / y, factors: $0.factors) })
        return quotient + rest.floorDiv(divisor)
      }
    }
    return Dim(terms: [Term(coefficient: 1, factors: [.floorDiv(self, divisor)])])
  }

  public func ceilDiv(_ divisor: Dim) -> Dim { (self + divisor - 1).floorDiv(divisor) }

  /// Remainder with the divisor's sign.
  public func mod(_ divisor: Dim) -> Dim {
    if let x = value, let y = divisor.value, y != 0 {
      return .constant(saturatingAdd(x, -saturatingMultiply(flooredQuotient(x, y), y)))
    }
    if divisor == 1 || self == divisor || dividedExactly(by: divisor) != nil { return 0 }
    return Dim(terms: [Term(coefficient: 1, factors: [.mod(self, divisor)])])
  }

  public static func max(_ a: Dim, _ b: Dim) -> Dim {
    if let x = a.value, let y = b.value { return .constant(Swift.max(x, y)) }
    if a == b { return a }
    let (first, second) = a.description < b.description ? (a, b) : (b, a)
    return Dim(terms: [Term(coefficient: 1, factors: [.max(first, second)])])
  }

  public static func min(_ a: Dim, _ b: Dim) -> Dim {
    if let x = a.value, let y = b.value { return .constant(Swift.min(x, y)) }
    if a == b { return a }
    let (first, second) = a.description < b.description ? (a, b) : (b, a)
    return Dim(terms: [Term(coefficient: 1, factors: [.min(first, second)])])
  }

  /// `x / y` when it is an integer that fits.
  private static func exactQuotient(_ x: Int, _ y: Int) -> Int? {
    let (quotient, overflow) = x.dividedReportingOverflow(by: y)
    return overflow || x % y != 0 ? nil : quotient
  }

  /// The quotient when every term is divisible by a single-term divisor, else nil.
  public func dividedExactly(by divisor: Dim) -> Dim? {
    if let x = value, let y = divisor.value { return Self.exactQuotient(x, y).map { .constant($0) } }
    guard divisor.terms.count == 1, let by = divisor.terms.first, by.coefficient != 0 else {
      return divisor == self ? 1 : nil
    }
    var quotient: [Term] = []
    for term in terms {
      guard let coefficient = Self.exactQuotient(term.coefficient, by.coefficient) else { return nil }
      var factors = term.factors
      for factor in by.factors {
        guard let index = factors.firstIndex(of: factor) else { return nil }
        factors.remove(at: index)
      }
      quotient.append(Term(coefficient: coefficient, factors: factors))
    }
    return Dim(terms: quotient)
  }
}

extension Dim.Term {
  fileprivate static func inOrder(_ a: Dim.Term, _ b: Dim.Term) -> Bool {
    if a.factors.isEmpty != b.factors.isEmpty { return b.factors.isEmpty }
    return a.factors.map(\.description).joined(separator: "*")
      < b.factors.map(\.description).joined(separator: "*")
  }
}
