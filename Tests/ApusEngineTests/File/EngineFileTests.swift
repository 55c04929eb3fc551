import ApusCore
import ApusEngine
import Glibc
import Testing

@Suite struct EngineFileTests {
  private func write(_ path: String, floats: Int = 3000) throws -> [Float] {
    let pool = ConstantPool(section: "weights")
    let numbers = (0..<floats).map { Float($0) }
    _ = pool.add(Tensor(numbers))
    _ = pool.add(Tensor([1, 2, 3] as [Int64]))
    let header = EngineHeader(
      apusVersion: "test", name: "sample", source: .init(file: "sample.onnx", digest: "00"),
      inputs: [.init(name: "x", type: .tensor(.f32, [.symbol("batch"), 3]))], outputs: [], plans: [],
      portable: false)
    try EngineWriter.write(
      header, sections: [("notes", .bytes(Array("hello".utf8))), ("weights", .constants(pool))], to: path)
    return numbers
  }

  private func temporary() -> String { "/tmp/apus-engine-\(getpid())-\(UInt32.random(in: 0 ... .max)).apus" }

  @Test func anEmptyConstantDoesNotHideTheNext() throws {
    let pool = ConstantPool(section: "weights")
    let (empty, full) = (
      pool.add(Tensor([Float](), shape: [0])), pool.add(Tensor([1, 2] as [Float], shape: [2]))
    )
    #expect(empty.offset == full.offset)
    #expect(try pool.bytes(empty).isEmpty)
    #expect(try Array(pool.bytes(full).bindMemory(to: Float.self)) == [1, 2])
  }

  @Test func comesBackWhole() throws {
    let path = temporary()
    defer { unlink(path) }
    let numbers = try write(path)
    let engine = try Engine(contentsOf: path)
    #expect(engine.header.name == "sample")
    #expect(engine.header.inputs.first?.type.description == "f32[batch,3]")
    #expect(engine.section("notes")?.elementsEqual(Array("hello".utf8)) == true)
    let bytes = try engine.bytes(
      ConstantReference(section: "weights", offset: 0, byteCount: numbers.count * 4))
    #expect(bytes.loadUnaligned(fromByteOffset: 4 * 2999, as: Float.self) == 2999)
    #expect(engine.identity.count == 32)
  }

  @Test func everyDamagedByteIsFound() throws {
    let path = temporary()
    defer { unlink(path) }
    _ = try write(path)
    let mapped = try MappedFile(path: path)
    let whole = withExtendedLifetime(mapped) { mapped.bytes.map { $0 } }
    var places = stride(from: 0, to: whole.count, by: 97).map { $0 }
    places += [8, 16, 24, whole.count - 1, whole.count - 64, whole.count - 20]
    for place in places {
      var damaged = whole
      damaged[place] ^= 0x41
      try AtomicFile.write(damaged, to: path)
      do {
        _ = try Engine(contentsOf: path)
        Issue.record("damage at byte \(place) was not found")
      } catch let error as ApusError { #expect(error.exitCode == 65) }
    }
    for count in [0, 7, 8, 63, 100, 5000, whole.count - 1] {
      try AtomicFile.write(Array(whole[..<count]), to: path)
      #expect(throws: ApusError.self) { try Engine(contentsOf: path) }
    }
  }
}
