import Testing

@testable import ApusCore

struct NPYFileTests {
  private func encoded(_ tensor: Tensor) -> [UInt8] {
    let (header, body) = NPYFile.encode(tensor)
    return header + body.bytes
  }

  private func decoded(_ bytes: [UInt8]) throws -> Tensor {
    try NPYFile.decode(TensorStorage(bytes), file: "test.npy")
  }

  private func file(_ dictionary: String, version: UInt8 = 1, _ data: [UInt8]) -> [UInt8] {
    let text = Array(dictionary.utf8)
    let length = version == 1 ? [UInt8(text.count), 0] : [UInt8(text.count), 0, 0, 0]
    return [0x93] + Array("NUMPY".utf8) + [version, 0] + length + text + data
  }

  @Test(arguments: DType.allCases, [[], [0], [7], [3, 5], [2, 1, 3, 4]])
  func everyTypeComesBack(_ dtype: DType, _ shape: [Int]) throws {
    var random = Xoshiro256(seed: 5)
    let tensor = Tensor.random(dtype, shape, range: -8...7, using: &random)
    let bytes = encoded(tensor)
    let back = try decoded(bytes)
    #expect(back.shape == shape)
    if dtype == .string {
      #expect(back.strings == tensor.strings)
    } else if dtype.bitWidth < 8 {
      #expect(
        dtype.isSignedInteger
          ? back.integers() == tensor.integers() : back.bitPatterns() == tensor.bitPatterns())
    } else {
      #expect(back.bytes == tensor.bytes)
      #expect(back.dtype.bitWidth == dtype.bitWidth)
    }
    #expect((bytes.count - NPYFile.encode(tensor).body.byteCount) % 64 == 0)
  }

  @Test(arguments: [UInt8(1), 2, 3])
  func headerVersions(_ version: UInt8) throws {
    let bytes = file(
      "{'descr': '|u1', 'fortran_order': False, 'shape': (3L,), }", version: version, [4, 5, 6])
    #expect(try decoded(bytes).elements(as: UInt8.self) == [4, 5, 6])
  }

  @Test func bigEndianAndFortranOrder() throws {
    let bytes = file(
      "{\"descr\": \">i2\", \"fortran_order\": True, \"shape\": (2, 3)}",
      [0, 1, 0, 4, 0, 2, 0, 5, 0, 3, 0, 6])
    let tensor = try decoded(bytes)
    #expect(tensor.shape == [2, 3])
    #expect(tensor.elements(as: Int16.self) == [1, 2, 3, 4, 5, 6])
  }

  @Test func fortranOrderOfManyAxes() throws {
    var random = Xoshiro256(seed: 3)
    let tensor = Tensor.random(.f32, [3, 1, 4, 2], using: &random)
    let fortran = tensor.axesReversed()
    #expect(fortran.axesReversed().bytes == tensor.bytes)
    let source = tensor.elements(as: Float.self)
    let target = fortran.elements(as: Float.self)
    for a in 0..<3 {
      for c in 0..<4 {
        for d in 0..<2 { #expect(source[(a * 4 + c) * 2 + d] == target[(d * 4 + c) * 3 + a]) }
      }
    }
  }

  @Test(arguments: [
    "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }",
    "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (9223372036854775807, 9), }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (100,), }",
    "{'descr': '<f4', 'fortran_order': False}", "{", "",
  ])
  func damageIsReported(_ header: String) {
    let error = #expect(throws: ApusError.self) { try decoded(file(header, [0, 0, 0, 0])) }
    #expect(error?.problems.first?.id == .badData)
  }

  @Test func truncationIsReported() {
    let bytes = encoded(Tensor([1.5, 2, 3] as [Float]))
    for count in bytes.indices {
      #expect(throws: ApusError.self) { try decoded(Array(bytes[..<count])) }
    }
  }
}
