import Apus
import ApusCore
import ApusOperators
import Testing

/// A build that its caller stops.
@Suite struct CancellationTests {
  @Test func aCancelledBuildEndsWithAnError() throws {
    let graph = try GraphParser.parse(
      "graph \"g\"(%x: f32[4]) -> (%y) {\n  %y: f32[4] = Relu(%x)\n}", catalogue: .standard)
    var options = BuildOptions()
    options.isCancelled = { true }
    let error = #expect(throws: ApusError.self) { try Model(graph).optimize(device: .cpu, options) }
    #expect(error?.category == .interrupted)
    #expect(error?.exitCode == 130)
  }
}
