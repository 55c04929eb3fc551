import ApusCore
import Testing

@testable import ApusVision

struct DataSourceTests {
  private let vector = DataSource.Input(name: "x", type: TensorType(.f32, [.symbol("n"), 3]))

  private func values(_ numbers: Float...) -> Tensor { Tensor(numbers, shape: [numbers.count / 3, 3]) }

  @Test func npzFileByNameAndByPosition() throws {
    let folder = try TemporaryFolder()
    for key in ["x", "arr_0"] {
      try NPZFile.write([key: values(1, 2, 3)], to: folder.file("\(key).npz"))
      let source = try DataSource.open(folder.file("\(key).npz"), inputs: [vector])
      #expect(source.count == 1)
      #expect(try source.sample(0)["x"]?.doubles() == [1, 2, 3])
    }
  }

  @Test func folderOfArchivesInNaturalOrder() throws {
    let folder = try TemporaryFolder()
    for number in [10, 9, 1] {
      try NPZFile.write(["x": values(Float(number), 0, 0)], to: folder.file("s\(number).npz"))
    }
    let source = try DataSource.open(folder.path, inputs: [vector])
    let firsts = try (0..<source.count).map { try source.sample($0)["x"]?.doubles().first }
    #expect(firsts == [1, 9, 10])
  }

  @Test func testSetsThroughTheReader() throws {
    let folder = try TemporaryFolder()
    for number in 0..<2 {
      folder.makeFolder("test_data_set_\(number)")
      try NPYFile.write(values(Float(number), 0, 0), to: folder.file("test_data_set_\(number)/input_0.pb"))
      try NPYFile.write(values(7, 7, 7), to: folder.file("test_data_set_\(number)/output_0.pb"))
    }
    let source = try DataSource.open(folder.path, inputs: [vector], readTensorProto: { try NPYFile.read($0) })
    #expect(source.count == 2)
    #expect(try source.sample(1)["x"]?.doubles() == [1, 0, 0])
    #expect(try source.expectedOutputs(0)?.first?.doubles() == [7, 7, 7])
    #expect(throws: ApusError.self) { try DataSource.open(folder.path, inputs: [vector]) }
  }

  @Test func picturesFillBatches() throws {
    let folder = try TemporaryFolder()
    for number in 0..<3 {
      try Picture.sample(8 + number, 8, seed: UInt64(number)).save(to: folder.file("p\(number).png"))
    }
    let input = DataSource.Input(name: "images", type: TensorType(.f32, [2, 3, 4, 4]))
    let source = try DataSource.open(folder.path, inputs: [input])
    #expect(source.count == 2)
    let last = try #require(try source.sample(1)["images"])
    #expect(last.shape == [2, 3, 4, 4])
    let numbers = last.doubles()
    #expect(Array(numbers[..<48]) == Array(numbers[48...]))
    #expect(numbers.allSatisfy { (0...1).contains($0) })
  }

  @Test func generatedDataDependsOnSeedAndNameOnly() throws {
    let ids = DataSource.Input(name: "ids", type: TensorType(.i64, [.symbol("n"), 4]))
    let random = RandomData(seed: 3, ranges: ["ids": 5...9], symbols: ["n": 6])
    let both = DataSource.generated(random, inputs: [vector, ids], count: 2)
    let alone = DataSource.generated(random, inputs: [ids])
    let sample = try both.sample(0)
    #expect(sample["x"]?.shape == [6, 3])
    #expect(sample["ids"]?.integers() == (try alone.sample(0)["ids"]?.integers()))
    #expect(sample["ids"]?.integers().allSatisfy { (5...9).contains($0) } == true)
    #expect(try both.sample(1)["x"]?.doubles() != sample["x"]?.doubles())
  }

  @Test func typesThatNumPyLacksComeBack() throws {
    let folder = try TemporaryFolder()
    var random = Xoshiro256(seed: 2)
    for dtype in [DType.bf16, .f8e4m3fn, .i4, .u2] {
      let tensor = Tensor.random(dtype, [5], range: -8...7, using: &random)
      try NPYFile.write(tensor, to: folder.file("t.npy"))
      let input = DataSource.Input(name: "t", type: TensorType(dtype, [5]))
      let back = try DataSource.tensor(folder.file("t.npy"), for: input)
      #expect(back.dtype == dtype && back.doubles() == tensor.doubles())
    }
  }

  @Test func mismatchesAreNamed() throws {
    let folder = try TemporaryFolder()
    try NPZFile.write(["x": Tensor([1, 2] as [Float]), "y": values(1, 2, 3)], to: folder.file("a.npz"))
    let types: [(TensorType, ProblemID)] = [
      (TensorType(.f32, [.symbol("n"), 3]), .inputShape), (TensorType(.f64, [2]), .inputType),
    ]
    for (type, id) in types {
      let source = try DataSource.open(folder.file("a.npz"), inputs: [.init(name: "x", type: type)])
      let error = #expect(throws: ApusError.self) { try source.sample(0) }
      #expect(error?.problems.first?.id == id)
    }
    let missing = try DataSource.open(folder.file("a.npz"), inputs: [.init(name: "z", type: vector.type)])
    let error = #expect(throws: ApusError.self) { try missing.sample(0) }
    #expect(error?.problems.first?.id == .inputMissing)
    #expect(throws: ApusError.self) { try DataSource.open(folder.file("none"), inputs: [vector]) }
  }
}
