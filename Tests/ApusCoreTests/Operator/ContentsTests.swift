import Testing

@testable import ApusCore

@Suite struct ContentsTests {
  private func exact(_ number: Double) -> Contents.Element {
    Contents.Element(exactly: number) ?? Contents.Element(0)
  }

  @Test func sumsOfFractionsAreExact() {
    let numbers = [0.616934, 0.6120957, 0.94374806, 0.0187898].map { Double(Float($0)) }
    let sum = numbers.dropFirst().reduce(exact(numbers[0])) { $0 + exact($1) }
    #expect(sum.isExact)
    #expect(sum.number == numbers.reduce(0, +))
  }

  @Test func whatOutgrowsTheIntegersIsInexactAndStaysSo() {
    let long = (0..<8).reduce(exact(Double(Float(1.1)))) { product, _ in product * exact(Double(Float(1.1))) }
    #expect(!long.isExact)
    #expect(!(long - exact(1)).isExact)
    #expect(!long.floor.isExact)
  }

  @Test func fractionsOfSymbolsShortenWhereTheyDivide() {
    let half = Contents.Element(.symbol("n")) * exact(0.5)
    #expect((half + half).dim == .symbol("n"))
  }

  @Test func attributesOfOptionalListsKeepTheirElements() throws {
    let lists: [[Int]?] = [[1, 2], nil, []]
    #expect(try AttributeDecoder.decode([[Int]?].self, from: AttributeEncoder.encode(lists)) == lists)
  }
}
