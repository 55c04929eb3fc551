/// An operator: its stored properties are its attributes, and it knows its types and its meaning.
///
/// Text form, engine file and equality derive from the synthesized `Codable` and `Hashable`. Operators are listed in
/// an `OperatorCatalogue`; how a source format spells them is in `importers`.
public protocol Operator: Sendable, Hashable, Codable {
  /// Name in the text form, unique in a catalogue; by default the type's name.
  static var name: String { get }

  /// Ways in from source formats.
  static var importers: [Importer] { get }

  /// The operator with every attribute at its default.
  init()

  /// Types of all outputs, symbolic where inputs are. Throws `OperatorError` when inputs do not fit.
  func infer(_ context: InferenceContext) throws -> [ValueType]

  /// Elements of outputs that are known before running (shape arithmetic); nil where not. One entry an output, or
  /// none at all.
  func propagate(_ context: InferenceContext) -> [Contents?]

  /// The reference: plain loops, in double precision or Int64, rounded once. What every fast path is held against.
  func evaluate(_ operands: Operands) throws -> [Value]

  /// What passes may assume.
  var traits: OperatorTraits { get }
}

extension Operator {
  // Not `String(describing:)`: that searches all conformances of the program, and start-up asks for every name.
  public static var name: String { _typeName(Self.self, qualified: false) }
  public static var importers: [Importer] { [] }
  /// The name, from an instance.
  public var operatorName: String { Self.name }
  public func propagate(_ context: InferenceContext) -> [Contents?] { [] }
  public var traits: OperatorTraits { [] }
}

/// What passes may assume of an operator.
public struct OperatorTraits: OptionSet, Sendable {
  public let rawValue: Int
  public init(rawValue: Int) { self.rawValue = rawValue }

  /// Two runs may differ (random numbers): never folded, never merged.
  public static let nondeterministic = OperatorTraits(rawValue: 1)
  /// Every output element depends on the input elements at its own (broadcast) position only.
  public static let elementwise = OperatorTraits(rawValue: 2)
  /// Only moves elements or relabels the shape.
  public static let movesData = OperatorTraits(rawValue: 4)
}

/// Why an operator refuses its inputs or attributes; the place is added by whoever knows the node.
public struct OperatorError: Error, Sendable {
  public var id: ProblemID
  public var message: String
  public var attribute: String?
  public var value: String?
  public var allowed: String?
  public var fix: String?

  public init(
    _ id: ProblemID, _ message: String, attribute: String? = nil, value: String? = nil,
    allowed: String? = nil,
    fix: String? = nil
  ) {
    self.id = id
    self.message = message
    self.attribute = attribute
    self.value = value
    self.allowed = allowed
    self.fix = fix
  }

  /// The problem with its place.
  public func problem(node: String, operator: String, domain: String? = nil, opset: Int? = nil) -> Problem {
    Problem(
      id, message, node: node, operator: `operator`, domain: domain, opset: opset, attribute: attribute,
      value: value,
      allowed: allowed, fix: fix)
  }
}

/// All operators that text, engines and importers may name.
public struct OperatorCatalogue: Sendable {
  private let byName: [String: any Operator.Type]

  public init(_ operators: [any Operator.Type]) {
    byName = Dictionary(operators.map { ($0.name, $0) }) { first, _ in first }
  }

  public subscript(name: String) -> (any Operator.Type)? { byName[name] }
  public var all: [any Operator.Type] { byName.sorted { $0.key < $1.key }.map(\.value) }

  /// A catalogue with further operators (plugins); they win over built-ins of the same name.
  public func adding(_ operators: [any Operator.Type]) -> OperatorCatalogue {
    OperatorCatalogue(operators + Array(byName.values))
  }
}
