import Apus
import ApusCore
import ApusEngine
import ApusTestSupport
import Glibc
import Testing

/// Damaged models and engines end in an error or work as before; nothing crashes.
///
/// The file being tried stays in the temporary folder while it is tried: a crash leaves it there.
@Suite struct DamagedFileTests {
  private let folder: TemporaryFolder
  private let model: [UInt8]
  private let engine: [UInt8]

  init() throws {
    folder = try TemporaryFolder()
    model = TinyModel.dense.bytes
    let path = try folder.write("good.onnx", model)
    try Model(contentsOf: path).optimize(device: .cpu, Self.options).save(to: "\(folder.path)/good.engine")
    engine = try contents(of: "\(folder.path)/good.engine")
  }

  private static var options: BuildOptions {
    var options = BuildOptions()
    options.deterministic = true
    options.measures = false
    options.threads = 1
    return options
  }

  /// Runs `body`; whether it ended without an error. An error of ours that says "report it" is a bug.
  private func survives(_ what: String, _ body: () throws -> Void) -> Bool {
    do {
      try body()
      return true
    } catch let error as ApusError {
      #expect(!error.problems.isEmpty)
      #expect(error.category != .internal, "\(what): \(error)")
    } catch {
      Issue.record("\(what): \(error)")
    }
    return false
  }

  @Test func modelsAllTheWay() throws {
    var generator = SplitMix64(seed: 71)
    let originals = [TinyModel.dense.bytes, TinyModel.convolution.bytes]
    var passed = 0
    for index in 0..<Damage.count {
      let bytes = Damage.applied(to: originals[index % 2], using: &generator)
      let path = try folder.write("damaged.onnx", bytes)
      let survived = survives("model \(index)") {
        let built = try Model(contentsOf: path).optimize(device: .cpu, Self.options)
        try built.save(to: "\(folder.path)/damaged.engine")
        _ = try Engine(contentsOf: "\(folder.path)/damaged.engine").makeSession(options: .init(threads: 1))
      }
      if survived { passed += 1 }
    }
    #expect(passed < Damage.count * 3 / 4)
  }

  @Test func engines() throws {
    var generator = SplitMix64(seed: 72)
    for index in 0..<Damage.count {
      let bytes = Damage.applied(to: engine, using: &generator)
      let path = try folder.write("damaged.engine", bytes)
      let survived = survives("engine \(index)") {
        let session = try Engine(contentsOf: path).makeSession(options: .init(threads: 1))
        _ = try session.run(["x": Tensor([1, 2, 3, 4] as [Float], shape: [1, 4])])
      }
      // Every byte is under a checksum.
      #expect(!survived || bytes == engine, "damage \(index) was not found")
    }
  }

  @Test func processesEndWithTheCodesOfTheDesign() throws {
    var generator = SplitMix64(seed: 73)
    for index in 0..<Damage.count / 20 {
      let isModel = index % 2 == 0
      let path = try folder.write(
        isModel ? "damaged.onnx" : "damaged.engine",
        Damage.applied(to: isModel ? model : engine, using: &generator))
      let result = try Command(
        isModel
          ? ["optimize", path, "-o", "\(folder.path)/out.engine", "--deterministic"] : ["inspect", path],
        in: folder)
      #expect(result.signal == nil, "file \(index)")
      #expect([0, 64, 65, 66, 69].contains(result.status), "file \(index): \(result.errors)")
      #expect((result.status == 0) == result.errors.isEmpty, "file \(index): \(result.errors)")
      #expect(try folder.files().allSatisfy { !$0.hasSuffix(".part") })
    }
  }
}
