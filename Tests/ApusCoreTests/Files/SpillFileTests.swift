import ApusCore
import Testing

@Suite struct SpillFileTests {
  private func values(_ tensor: Tensor) -> [Float] {
    tensor.withUnsafeBytes { bytes in
      (0..<tensor.elementCount).map { bytes.load(fromByteOffset: $0 * 4, as: Float.self) }
    }
  }

  @Test func spilledBytesAreTheSame() throws {
    let count = 3 << 18
    let file = try #require(SpillFile())
    let tensors = (0..<3).map { seed in Tensor((0..<count).map { Float($0 * 3 + seed) }, shape: [count]) }
    for tensor in tensors { tensor.storage.spill(into: file) }
    for (seed, tensor) in tensors.enumerated() {
      tensor.storage.releasePages()
      tensor.storage.spill(into: file)
      let values = self.values(tensor)
      #expect(values.indices.allSatisfy { values[$0] == Float($0 * 3 + seed) })
    }
  }

  @Test func whatIsSmallStays() throws {
    let tensor = Tensor([1, 2, 3] as [Float], shape: [3])
    tensor.storage.spill(into: try #require(SpillFile()))
    tensor.storage.releasePages()
    #expect(values(tensor) == [1, 2, 3])
  }

  @Test func aFolderThatIsMissingGivesNoFile() {
    #expect(SpillFile(folder: "/nowhere/at/all") == nil)
  }
}
