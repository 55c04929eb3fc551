import ApusCore
import Testing

@testable import ApusONNX

@Suite struct ONNXDataTests {
  @Test func valuesComeBack() throws {
    let tensor = Value.tensor(Tensor([Float](repeating: 1.5, count: 600), shape: [20, 30]))
    let element = ValueType.tensor(.f32, nil)
    let sequence = Value.sequence([tensor, .tensor(Tensor(scalar: Float(2)))], element: element)
    let values: [(Value, ValueType)] = [
      (tensor, element), (sequence, .sequence(element)),
      (.optional(sequence, element: .sequence(element)), .optional(.sequence(element))),
      (.optional(nil, element: element), .optional(element)),
      (.tensor(Tensor(strings: ["a", "ü"], shape: [2])), .tensor(.string, nil)),
    ]
    for (value, type) in values {
      let bytes = try ONNXData.serialize(value)
      let back = try ONNXData.decode(bytes, as: type)
      #expect(try ONNXData.serialize(back) == bytes)
      #expect(back.type.agrees(with: type))
    }
  }

  @Test func damageIsAnError() {
    #expect(throws: ApusError.self) { try ONNXData.decode([1, 2, 3]) }
    #expect(throws: ApusError.self) { try ONNXData.load(path: "/nonexistent/input_0.pb") }
  }
}
