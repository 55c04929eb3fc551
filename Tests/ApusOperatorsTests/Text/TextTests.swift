import ApusCore
import ApusOperators
import Testing

@Suite struct TextTests {
  @Test func splitsAtWhiteSpaceAndDelimiters() throws {
    let x = Tensor(strings: [" a  b", "c"], shape: [2])
    let outputs = try StringSplit().evaluate(Operands([x], outputCount: 2))
    #expect(outputs[0].tensor?.strings == ["a", "b", "c", ""])
    #expect(outputs[1].tensor?.integers() == [2, 1])
    var op = StringSplit()
    (op.delimiter, op.maxSplit) = ("--", 1)
    let parts = try op.evaluate(Operands([Tensor(strings: ["x--y--z"], shape: [1])]))[0].tensor
    #expect(parts?.strings == ["x", "y--z"])
  }

  @Test func matchesWholeStrings() throws {
    var op = RegexFullMatch()
    op.pattern = "a+b"
    let y = try op.evaluate(Operands([Tensor(strings: ["aab", "aabc"], shape: [2])]))[0].tensor
    #expect(y?.elements() == [true, false])
    op.pattern = "("
    #expect(throws: OperatorError.self) { try op.infer(InferenceContext(inputs: [.tensor(.string, [1])])) }
  }

  @Test func normalizesAndJoins() throws {
    var op = StringNormalizer()
    (op.caseChange, op.stopwords) = (.upper, ["Monday"])
    let x = Tensor(strings: ["monday", "tuesday"], shape: [2])
    #expect(try op.evaluate(Operands([x]))[0].tensor?.strings == ["TUESDAY"])
    let joined = try StringConcat().evaluate(Operands([x, Tensor(strings: ["!"], shape: [])]))[0].tensor
    #expect(joined?.strings == ["monday!", "tuesday!"])
  }
}
