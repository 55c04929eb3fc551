import ApusCore
import FoundationEssentials
import SwiftProtobuf
import Testing

@testable import ApusONNX

@Suite struct TensorDecoderTests {
  let decoder = TensorDecoder(
    source: TensorStorage(byteCount: 0) { _ in }, external: ExternalData(modelPath: nil))

  /// A model without its weights is a fault, unless weights are asked for: the same for a seed and a name.
  @Test func weightsThatAreLeftOutAreDrawn() throws {
    var proto = Onnx_TensorProto()
    proto.dataType = DType.f32.onnxNumber
    proto.dims = [64, 8, 3, 3]
    proto.name = "w"
    #expect(throws: TensorFault.self) { try decoder.decode(proto) }
    let norm = Make.node("BatchNormalization", ["x", "scale", "b", "m", "variance"], ["y"])
    let graph = Make.graph([norm], inputs: [], outputs: ["y"])
    func drawn(_ seed: UInt64, _ proto: Onnx_TensorProto) throws -> Tensor {
      try TensorDecoder(
        source: TensorStorage(byteCount: 0) { _ in }, external: ExternalData(modelPath: nil),
        randomWeights: RandomWeights(seed: seed, for: graph)
      ).decode(proto)
    }
    let weights = try drawn(1, proto)
    #expect(weights.shape == [64, 8, 3, 3])
    let values = weights.doubles()
    let variance = values.reduce(0) { $0 + $1 * $1 } / Double(values.count)
    #expect((variance * 72 - 1).magnitude < 0.1)
    var other = proto
    other.name = "v"
    #expect(try drawn(1, proto) == weights)
    #expect(try drawn(2, proto) != weights)
    #expect(try drawn(1, other) != weights)
    proto.dims = [70]
    #expect(try drawn(1, proto).doubles().allSatisfy { $0.magnitude <= 0.1 })
    for name in ["scale", "variance"] {
      other.dims = [70]
      other.name = name
      #expect(try drawn(1, other).doubles().allSatisfy { (0.5...1.5).contains($0) })
    }
    // What is there is taken, a file that is not there is drawn, integers are never made up.
    proto.dims = [2]
    proto.floatData = [7, 8]
    #expect(try drawn(1, proto).doubles() == [7, 8])
    proto.floatData = []
    proto.dataLocation = .external
    proto.externalData = [
      .with {
        $0.key = "location"
        $0.value = "weights.bin"
      }
    ]
    #expect(try drawn(1, proto).shape == [2])
    proto.dataType = DType.i64.onnxNumber
    #expect(throws: TensorFault.self) { _ = try drawn(1, proto) }
  }

  @Test(arguments: DType.allCases) func typedFieldsAndRawDataAgree(dtype: DType) throws {
    let count = 5
    var proto = Onnx_TensorProto()
    proto.dataType = dtype.onnxNumber
    proto.dims = [Int64(count)]
    var generator = SystemRandomNumberGenerator()
    let bytes = (0..<(dtype == .bool ? count : dtype.byteCount(count))).map { _ in
      dtype == .bool ? UInt8.random(in: 0...1) : UInt8.random(in: 0...0x3F, using: &generator)
    }
    var raw = proto
    raw.rawData = Data(bytes)
    func load<T: BitwiseCopyable>(_ type: T.Type) -> [T] {
      bytes.withUnsafeBytes { buffer in
        (0..<bytes.count / MemoryLayout<T>.size).map {
          buffer.loadUnaligned(fromByteOffset: $0 * MemoryLayout<T>.size, as: T.self)
        }
      }
    }
    switch dtype {
    case .string:
      proto.stringData = (0..<count).map { Data("s\($0)".utf8) }
      #expect(try decoder.decode(proto).strings == ["s0", "s1", "s2", "s3", "s4"])
      return
    case .f32, .c64: proto.floatData = load(Float.self)
    case .f64, .c128: proto.doubleData = load(Double.self)
    case .i64: proto.int64Data = load(Int64.self)
    case .u64: proto.uint64Data = load(UInt64.self)
    case .u32: proto.uint64Data = load(UInt32.self).map(UInt64.init)
    case .i32: proto.int32Data = load(Int32.self)
    case _ where dtype.bitWidth == 16: proto.int32Data = load(UInt16.self).map(Int32.init)
    default: proto.int32Data = bytes.map(Int32.init)
    }
    #expect(try decoder.decode(proto) == decoder.decode(raw))
    #expect(DType(onnx: proto.dataType) == dtype)
  }

  @Test func wrongSizesAreRefused() {
    for change: (inout Onnx_TensorProto) -> Void in [
      { $0.dims = [4] }, { $0.dims = [-1] }, { $0.dims = [.max, .max] }, { $0.dataType = 99 },
      { $0.dataType = 8 },
    ] {
      var proto = Make.floats("w", [1, 2, 3])
      change(&proto)
      #expect(throws: TensorFault.self) { try decoder.decode(proto) }
    }
  }

  @Test func sparseBecomesDense() throws {
    var sparse = Onnx_SparseTensorProto()
    sparse.values = Make.floats("s", [7, 8])
    sparse.indices = Make.int64s("i", [1, 5])
    sparse.dims = [2, 3]
    #expect(try decoder.decode(sparse).doubles() == [0, 7, 0, 0, 0, 8])
    sparse.indices.dims = [2, 2]
    sparse.indices.int64Data = [0, 1, 1, 2]
    #expect(try decoder.decode(sparse).doubles() == [0, 7, 0, 0, 0, 8])
    sparse.indices.int64Data = [0, 1, 2, 2]
    #expect(throws: TensorFault.self) { try decoder.decode(sparse) }
  }
}
