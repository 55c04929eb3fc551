/// Elements of a small tensor that are known before running, as integers over symbols: what lets shape arithmetic
/// done by nodes fold while `batch` stays a symbol.
public struct Contents: Hashable, Sendable {
  public var dtype: DType
  public var shape: [Int]
  public var elements: [Element]

  /// Most elements that are tracked.
  public static let limit = 2048

  /// An exact rational over symbols; integers have denominator 1.
  public struct Element: Hashable, Sendable {
    public var numerator: Dim
    public var denominator: Int

    public init(_ numerator: Dim, over denominator: Int = 1) {
      self.numerator = numerator
      self.denominator = denominator
      if denominator != 1, let exact = numerator.dividedExactly(by: .constant(denominator)) {
        self.numerator = exact
        self.denominator = 1
      }
    }

    /// The integer expression, when it is one.
    public var dim: Dim? { denominator == 1 ? numerator : nil }
    /// The number, when no symbol is in it.
    public var number: Double? { numerator.value.map { Double($0) / Double(denominator) } }
  }

  public init(_ dtype: DType, _ shape: [Int], _ elements: [Element]) {
    self.dtype = dtype
    self.shape = shape
    self.elements = elements
  }

  public init(_ dtype: DType, _ shape: [Int], dims: [Dim]) {
    self.init(dtype, shape, dims.map { Element($0) })
  }

  /// Contents of a constant; nil when it is too large, not numeric, or holds what a rational cannot.
  public init?(_ tensor: Tensor) {
    let count = tensor.elementCount
    // Empty tensors may have axes of any size beside the one of size 0.
    guard count <= Contents.limit, tensor.shape.allSatisfy({ $0 <= Contents.limit }) else { return nil }
    var elements: [Element] = []
    if tensor.dtype.isInteger || tensor.dtype == .bool {
      elements = tensor.integers().map { Element(.constant(Int($0))) }
    } else if tensor.dtype.isFloat {
      for number in tensor.doubles() {
        guard let element = Element(exactly: number) else { return nil }
        elements.append(element)
      }
    } else {
      return nil
    }
    self.init(tensor.dtype, tensor.shape, elements)
  }

  /// All elements as integer expressions, or nil when one is a fraction.
  public var dims: [Dim]? {
    let dims = elements.compactMap(\.dim)
    return dims.count == elements.count ? dims : nil
  }

  /// The tensor, when no symbol is left.
  public var tensor: Tensor? {
    let numbers = elements.compactMap(\.number)
    guard numbers.count == elements.count else { return nil }
    if dtype.isInteger || dtype == .bool {
      return Tensor(integers: elements.compactMap { $0.dim?.value }.map(Int64.init), dtype, shape)
    }
    return Tensor(doubles: numbers, dtype, shape)
  }

  /// The tensor for given symbols; nil when one is missing.
  public func evaluate(_ symbols: [String: Int]) -> Tensor? {
    let numbers = elements.compactMap { element in
      element.numerator.evaluate(symbols).map { ($0, element.denominator) }
    }
    guard numbers.count == elements.count else { return nil }
    if dtype.isInteger || dtype == .bool {
      return Tensor(integers: numbers.map { Int64($0.0) }, dtype, shape)
    }
    return Tensor(doubles: numbers.map { Double($0.0) / Double($0.1) }, dtype, shape)
  }

  /// Whether no element outgrew what fractions of integers can hold.
  var isExact: Bool { elements.allSatisfy(\.isExact) }

  public var symbols: Set<String> { elements.reduce(into: []) { $0.formUnion($1.numerator.symbols) } }
}

extension Contents.Element {
  /// A float as a fraction with a power of two below; nil for NaN, infinities and long fractions.
  public init?(exactly number: Double) {
    guard number.isFinite, abs(number) < 1e15 else { return nil }
    var (scaled, denominator) = (number, 1)
    while scaled != scaled.rounded(), denominator < 1 << 40 {
      scaled *= 2
      denominator *= 2
    }
    guard scaled == scaled.rounded(), abs(scaled) < 9e15 else { return nil }
    self.init(.constant(Int(scaled)), over: denominator)
  }

  /// What becomes of a number that outgrows the integers: it and all that is computed from it is dropped.
  static let inexact = Self(poisoned: ())

  private init(poisoned: Void) {
    numerator = 0
    denominator = .max
  }

  var isExact: Bool { denominator != .max }

  public static func + (a: Self, b: Self) -> Self { combined(a, b) { $0 + $1 } }
  public static func - (a: Self, b: Self) -> Self { combined(a, b) { $0 - $1 } }

  public static func * (a: Self, b: Self) -> Self {
    let (below, overflow) = a.denominator.multipliedReportingOverflow(by: b.denominator)
    guard a.isExact, b.isExact, !overflow, let above = product(a.numerator, b.numerator) else {
      return inexact
    }
    return Self(above, over: below)
  }

  /// Both over their least common denominator.
  private static func combined(_ a: Self, _ b: Self, _ combine: (Dim, Dim) -> Dim) -> Self {
    guard a.isExact, b.isExact else { return inexact }
    var (divisor, rest) = (a.denominator, b.denominator)
    while rest != 0 { (divisor, rest) = (rest, divisor % rest) }
    let (left, right) = (b.denominator / divisor, a.denominator / divisor)
    let (below, overflow) = a.denominator.multipliedReportingOverflow(by: left)
    guard !overflow, let x = product(a.numerator, .constant(left)),
      let y = product(b.numerator, .constant(right))
    else { return inexact }
    let sum = combine(x, y)
    // Fractions of this size come from long sums of floats, which the references round anyway.
    guard below == 1 || sum.value.map({ abs($0) < 1 << 61 }) ?? true else { return inexact }
    return Self(sum, over: below)
  }

  /// nil where numbers overflow.
  private static func product(_ a: Dim, _ b: Dim) -> Dim? {
    if let x = a.value, let y = b.value, x.multipliedReportingOverflow(by: y).overflow { return nil }
    return a * b
  }

  /// Largest integer not above the value.
  public var floor: Self {
    denominator == 1 || !isExact ? self : Self(numerator.floorDiv(.constant(denominator)))
  }
  /// Smallest integer not below the value.
  public var ceil: Self {
    denominator == 1 || !isExact ? self : Self(numerator.ceilDiv(.constant(denominator)))
  }
}
