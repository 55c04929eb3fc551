public import ApusCore
import _StringProcessing

/// Whether the whole string matches a regular expression, as bool. ONNX RegexFullMatch 20.
public struct RegexFullMatch: Operator {
  public var pattern = ""

  public static var importers: [Importer] {
    [
      .onnx("RegexFullMatch", since: 20) { node in
        var op = RegexFullMatch()
        op.pattern = try node.string("pattern", default: "")
        return op
      }
    ]
  }

  public init() {}
  public var traits: OperatorTraits { .elementwise }

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    let x = try context.tensor(0)
    try ElementTypes.strings.check(x.dtype)
    _ = try expression()
    return [.tensor(.bool, x.shape)]
  }

  private func expression() throws -> Regex<AnyRegexOutput> {
    do {
      // As RE2 has it: code points, ASCII classes, and boundaries between word characters.
      return try Regex(pattern).matchingSemantics(.unicodeScalar).asciiOnlyCharacterClasses()
        .wordBoundaryKind(.simple)
    } catch {
      throw OperatorError(
        .invalidAttribute, "the pattern is no regular expression: \(error)", attribute: "pattern",
        value: pattern)
    }
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let x = try operands.tensor(0, .strings)
    let regex = try expression()
    return [.tensor(Tensor(try x.strings.map { try regex.wholeMatch(in: $0) != nil }, shape: x.shape))]
  }
}
