import ApusCore
import ApusEngine
import ApusOperators
import Testing

@testable import ApusBuilder

@Suite struct ShapeProfilesTests {
  private func graph() throws -> Graph {
    try GraphParser.parse(
      """
      graph "g"(%x: f32[b,4], %y: f32[b,s]) -> (%z) {
        %z: f32[b,s] = Relu(%y)
      }
      """, catalogue: .standard)
  }

  private func profile(_ inputs: [String: [[Int]]]) -> ShapeProfile {
    ShapeProfile(inputs: inputs.mapValues { .init(min: $0[0], opt: $0[1], max: $0[2]) })
  }

  private func refusal(_ inputs: [String: [[Int]]]) throws -> [Problem] {
    let graph = try graph()
    let error = #expect(throws: ApusError.self) { try ShapeProfiles([profile(inputs)], of: graph) }
    #expect(error?.exitCode == 64)
    return error?.problems ?? []
  }

  @Test func whatFollowsFromEqualSymbolsIsFilledIn() throws {
    let given = profile(["y": [[1, 5], [2, 6], [8, 7]]])
    let completed = try ShapeProfiles([given], of: graph()).profiles
    #expect(completed == [profile(["x": [[1, 4], [2, 4], [8, 4]], "y": [[1, 5], [2, 6], [8, 7]]])])
  }

  @Test func symbolsWithoutASizeAreNamedInTheReport() throws {
    var options = BuildOptions()
    options.profiles = [
      profile(["x": [[1, 4], [2, 4], [8, 4]]]), profile(["y": [[9, 3], [9, 3], [9, 3]]]),
    ]
    let lines = Report.profiles(try graph(), options)
    #expect(lines.map(\.tunedAt) == [["b": 2, "s": 1], ["b": 9, "s": 3]])
    #expect(lines.map(\.byDefault) == [["s"], []])
    #expect(lines[0].inputs == ["x": "1x4:2x4:8x4"])
    let text = Report.shapeVariation(lines)
    #expect(text.contains("s=1 (no size was given)") && text.contains("b=9, s=3"), "\(text)")
    let none = Report.profiles(try graph(), BuildOptions())
    #expect(none.map(\.byDefault) == [["b", "s"]])
  }

  @Test func profilesThatDoNotFitAreRefused() throws {
    let unequal = try refusal(["x": [[1, 4], [2, 4], [8, 4]], "y": [[2, 5], [2, 5], [8, 5]]])
    #expect(unequal.count == 1 && unequal[0].message.contains("'b', which another axis gives 1:2:8"))
    #expect(try refusal(["q": [[1], [1], [1]]])[0].allowed == "x, y")
    #expect(try refusal(["x": [[1], [1], [1]]])[0].message.contains("rank 1, it has 2"))
    #expect(try refusal(["x": [[1, 4], [1, 5], [1, 5]]])[0].message.contains("always 4"))
  }
}
