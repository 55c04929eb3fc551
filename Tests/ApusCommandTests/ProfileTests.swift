import ApusCore
import FoundationEssentials
import Testing

/// `--shapes`: several profiles, what lies outside them, and what the report says of them.
@Suite struct ProfileTests {
  private let folder: TemporaryFolder
  private let model: String

  init() throws {
    folder = try TemporaryFolder()
    model = try folder.write("model.onnx", TinyModel.dense.bytes)
  }

  private struct Report: Decodable {
    struct Profile: Decodable {
      var inputs: [String: String]
      var tunedAt: [String: Int]
      var byDefault: [String]
    }
    struct Diagnosis: Decodable { var shapeVariation: String }
    var profiles: [Profile]
    var diagnosis: Diagnosis
  }

  private func optimize(_ arguments: [String]) throws -> Report {
    let engine = "\(folder.path)/model.engine"
    let result = try Command(
      ["optimize", model, "-o", engine, "--device", "cpu", "--budget", "1", "--json"] + arguments, in: folder)
    #expect(result.status == 0, "\(result.errors)")
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try decoder.decode(Report.self, from: Data(result.output.utf8))
  }

  private func run(batch: Int) throws -> Command {
    let path = "\(folder.path)/\(batch).npy"
    try NPYFile.write(Tensor([Float](repeating: 1, count: batch * 4), shape: [batch, 4]), to: path)
    return try Command(["run", "\(folder.path)/model.engine", "--input", "x=\(path)", "--json"], in: folder)
  }

  @Test func runsWithinAnyOfTheProfilesAndNowhereElse() throws {
    let report = try optimize(["--shapes", "x=1x4:2x4:3x4", "--shapes", "x=8x4:8x4:9x4"])
    #expect(report.profiles.map(\.inputs) == [["x": "1x4:2x4:3x4"], ["x": "8x4:8x4:9x4"]])
    #expect(report.profiles.map(\.tunedAt) == [["batch": 2], ["batch": 8]])
    for batch in [1, 2, 3, 8, 9] { #expect(try run(batch: batch).status == 0) }
    for batch in [4, 7, 10] {
      let result = try run(batch: batch)
      #expect(result.status == 65)
      let allowed = try result.failure().problems.compactMap(\.allowed)
      #expect(allowed == ["1x4 to 3x4", "8x4 to 9x4"])
    }
  }

  @Test func withoutProfilesEverySizeRunsAndTheReportSaysWhichWasTunedFor() throws {
    let report = try optimize([])
    #expect(report.profiles.map(\.tunedAt) == [["batch": 1]])
    #expect(report.profiles.map(\.byDefault) == [["batch"]])
    #expect(report.diagnosis.shapeVariation.contains("batch=1 (no size was given)"))
    for batch in [1, 5, 17] { #expect(try run(batch: batch).status == 0) }
  }

  @Test func aProfileOfAnotherInputIsRefused() throws {
    let result = try Command(
      ["optimize", model, "-o", "\(folder.path)/x.engine", "--shapes", "z=1x4", "--json"], in: folder)
    #expect(result.status == 64)
    #expect(try result.failure().problems.first?.message.contains("'z', which is no input") == true)
  }
}
