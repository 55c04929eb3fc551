import Testing

@testable import ApusCore

struct NPZFileTests {
  private func sample() -> [String: Tensor] {
    var random = Xoshiro256(seed: 11)
    return [
      "images": .random(.f32, [2, 3, 17], using: &random),
      "ids": .random(.i64, [1000], range: 0...3, using: &random),
      "scalar": Tensor(scalar: true),
      "none": Tensor([Double](), shape: [0, 4]),
    ]
  }

  @Test(arguments: [false, true])
  func arraysComeBack(_ compressed: Bool) throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.npz")
    let arrays = sample()
    try NPZFile.write(arrays, to: path, compressed: compressed)
    let back = try NPZFile.read(path)
    #expect(back.keys.sorted() == arrays.keys.sorted())
    for (key, tensor) in arrays {
      #expect(back[key]?.dtype == tensor.dtype && back[key]?.shape == tensor.shape)
      #expect(back[key]?.bytes == tensor.bytes)
    }
    let methods = try ZipArchive(contentsOf: path).members.map(\.method)
    #expect(methods.contains(ZipFormat.deflated) == compressed)
  }

  @Test func damageNeverPassesUnnoticed() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.npz")
    try NPZFile.write(sample(), to: path, compressed: true)
    let bytes = try FileBytes.read(path).bytes
    var random = Xoshiro256(seed: 1)
    for round in 0..<600 {
      var damaged = bytes
      if round % 2 == 0 {
        damaged.removeLast(Int.random(in: 1..<bytes.count, using: &random))
      } else {
        damaged[Int.random(in: 0..<bytes.count, using: &random)] ^= UInt8.random(in: 1...255, using: &random)
      }
      // A flipped bit may lie in a field that is not read; what must hold is that nothing crashes.
      guard let archive = try? ZipArchive(TensorStorage(damaged), file: "a.npz") else { continue }
      #expect(round % 2 == 1, "a truncated archive was accepted")
      for member in archive.members { _ = try? archive.contents(of: member) }
    }
  }

  @Test func wrongChecksumIsReported() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("a.npz")
    try NPZFile.write(["x": Tensor([1, 2, 3] as [Float])], to: path)
    var bytes = try FileBytes.read(path).bytes
    let member = try #require(try ZipArchive(contentsOf: path).members.first)
    bytes[member.headerOffset + 30 + member.name.utf8.count + member.storedCount - 1] ^= 1
    let archive = try ZipArchive(TensorStorage(bytes), file: path)
    #expect(throws: ApusError.self) { try archive.contents(of: member) }
  }

  @Test func textFilesAreNoArchives() throws {
    let folder = try TemporaryFolder()
    try AtomicFile.write(Array("hello, this is no archive".utf8), to: folder.file("a.npz"))
    let error = #expect(throws: ApusError.self) { try NPZFile.read(folder.file("a.npz")) }
    #expect(error?.problems.first?.id == .badData)
  }
}
