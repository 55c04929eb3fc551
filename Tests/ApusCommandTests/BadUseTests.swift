import ApusCore
import Testing

/// Wrong flags, files, devices and inputs of a run.
@Suite struct BadUseTests {
  private let folder: TemporaryFolder
  private let model: String

  init() throws {
    folder = try TemporaryFolder()
    model = try folder.write("good.onnx", TinyModel.dense.bytes)
  }

  private func expect(
    _ arguments: [String], exit code: Int32, says words: [String], problem number: Int? = nil,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let before = try folder.files()
    let result = try Command(arguments + ["--json"], in: folder)
    #expect(result.signal == nil, sourceLocation: sourceLocation)
    #expect(result.status == code, "\(result.errors)\(result.output)", sourceLocation: sourceLocation)
    let failure = try result.failure()
    #expect(failure.code == code, sourceLocation: sourceLocation)
    for word in words {
      let isSaid = failure.problems.contains { $0.description.contains(word) }
      #expect(isSaid, "'\(word)' is not in \(failure.problems)", sourceLocation: sourceLocation)
    }
    if let number {
      #expect(failure.problems.contains { $0.id.number == number }, sourceLocation: sourceLocation)
    }
    #expect(try folder.files() == before, "something was left behind", sourceLocation: sourceLocation)
  }

  private func array(_ name: String, _ tensor: Tensor) throws -> String {
    let path = "\(folder.path)/\(name)"
    try NPYFile.write(tensor, to: path)
    return path
  }

  @Test func unknownFlagAndMissingFile() throws {
    try expect(["run", model, "--frobnicate"], exit: 64, says: ["frobnicate"], problem: 1001)
    try expect(["frobnicate"], exit: 64, says: [], problem: 1001)
    let output = "\(folder.path)/out.engine"
    try expect(
      ["optimize", "\(folder.path)/gone.onnx", "-o", output], exit: 66, says: ["gone.onnx"], problem: 1101)
    try expect(["run", "\(folder.path)/gone.engine"], exit: 66, says: ["gone.engine"], problem: 1101)
    try expect(["bench", "\(folder.path)/gone.engine"], exit: 66, says: ["gone.engine"], problem: 1101)
    try expect(
      ["run", model, "--input", "x=\(folder.path)/gone.npy"], exit: 66, says: ["gone.npy"], problem: 1101)
    try expect(
      ["optimize", model, "-o", "\(folder.path)/no/such/folder/out.engine", "--deterministic"], exit: 66,
      says: ["no/such/folder"], problem: 1102)
  }

  @Test func wrongInputs() throws {
    let good = try array("good.npy", Tensor([1, 2, 3, 4] as [Float], shape: [1, 4]))
    try expect(["run", model, "--input", "z=\(good)"], exit: 64, says: ["'z'", "x"], problem: 1002)
    try expect(["run", model], exit: 65, says: ["'x'"], problem: 1401)
    let wide = try array("wide.npy", Tensor([1, 2, 3, 4, 5] as [Float], shape: [1, 5]))
    try expect(["run", model, "--input", "x=\(wide)"], exit: 65, says: ["'x'", "5"], problem: 1402)
    let flat = try array("flat.npy", Tensor([1, 2, 3, 4] as [Float]))
    try expect(["run", model, "--input", "x=\(flat)"], exit: 65, says: ["'x'"], problem: 1402)
    let whole = try array("whole.npy", Tensor([1, 2, 3, 4] as [Int64], shape: [1, 4]))
    try expect(["run", model, "--input", "x=\(whole)"], exit: 65, says: ["i64", "f32"], problem: 1403)
    let torn = try folder.write("torn.npy", Array("\u{93}NUMPY".utf8))
    try expect(["run", model, "--input", "x=\(torn)"], exit: 65, says: ["torn.npy"], problem: 1108)
    try expect(
      ["run", model, "--input", "x=\(good)", "--outputs", "q"], exit: 64, says: ["'q'"], problem: 1003)
  }

  @Test func missingDeviceAndPrecision() throws {
    let output = "\(folder.path)/out.engine"
    try expect(
      ["optimize", model, "-o", output, "--device", "cuda:77"], exit: 69, says: ["cpu"], problem: 1601)
    try expect(["optimize", model, "-o", output, "--device", "tpu"], exit: 64, says: ["tpu", "cpu"])
    try expect(
      ["optimize", model, "-o", output, "--device", "cpu", "--precision", "fp16"], exit: 69, says: ["fp16"],
      problem: 1602)
    try expect(["optimize", model, "-o", output, "--precision", "fp3"], exit: 64, says: ["fp3", "bf16"])
  }
}
