import ApusBuilder
import ApusCPUTactics
import ApusCore
import ApusOperators
import ApusTactics
import Glibc
import Testing

/// Times of the graph between the stages, which a timing cache remembers.
@Suite struct StageTimesTests {
  private func build(_ width: Int, cache: String?) throws -> Report {
    var graph = Graph(name: "g")
    let x = graph.addInput("x", .tensor(.f32, [2, .constant(width)]))
    let same = graph.addNode(Identity(), [x], outputs: ["same"])
    let node = graph.addNode(Relu(), graph[same].outputs, outputs: ["y"])
    graph.setOutputs(graph[node].outputs.compactMap { $0 })
    #expect(graph.inferTypes().isEmpty)
    var options = BuildOptions()
    options.timingCache = cache
    return try Builder(options: options, tactics: .cpu()).build(SourceModel(graph)).report
  }

  @Test func anEarlierBuildsTimesAreTakenAndMarked() throws {
    let path = "/tmp/apus-stages-\(getpid()).json"
    defer { unlink(path) }
    let effective = { (report: Report) in report.optimizations.filter { $0.status == "effective" } }
    let first = effective(try build(64, cache: path))
    #expect(!first.isEmpty)
    #expect(first.allSatisfy { !$0.postRunFromCache && $0.postRunMs != nil })
    let second = effective(try build(64, cache: path))
    #expect(second.allSatisfy { $0.postRunFromCache })
    #expect(second.map(\.postRunMs) == first.map(\.postRunMs))
    #expect(effective(try build(65, cache: path)).allSatisfy { !$0.postRunFromCache })
    #expect(effective(try build(64, cache: nil)).allSatisfy { !$0.postRunFromCache })
  }

  @Test func thePhasesAreTheWholeBuild() throws {
    let report = try build(16, cache: nil)
    #expect(report.phases.map(\.name) == ["baseline", "optimizing", "kernels", "checking", "timing"])
    #expect(abs(report.phases.reduce(0) { $0 + $1.seconds } - report.buildSeconds) < 1e-6)
  }
}
