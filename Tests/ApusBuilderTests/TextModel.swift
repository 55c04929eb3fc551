import ApusCore
import SwiftProtobuf

@testable import ApusONNX

/// ONNX models written in a few lines: `y = Relu(x)`, `z = Add(y, w)`.
enum TextModel {
  /// - Parameters:
  ///   - lines: One node each: `output, output = Operator(input, input)`.
  ///   - inputs: Names of FLOAT inputs of four elements.
  ///   - constants: Names and elements of FLOAT vectors.
  static func make(
    _ lines: [String], inputs: [String] = ["x"], outputs: [String], constants: [String: [Float]] = [:]
  ) -> EditableModel {
    let model = Onnx_ModelProto.with {
      $0.irVersion = 8
      $0.opsetImport = [.with { $0.version = 17 }]
      $0.graph.name = "test"
      $0.graph.node = lines.enumerated().map { node($1, number: $0) }
      $0.graph.input = inputs.map { value($0) }
      $0.graph.output = outputs.map { name in .with { $0.name = name } }
      $0.graph.initializer = constants.sorted { $0.key < $1.key }.map { name, elements in
        .with {
          $0.name = name
          $0.dataType = 1
          $0.dims = [Int64(elements.count)]
          $0.floatData = elements
        }
      }
    }
    return EditableModel(ONNXModel(proto: model, source: TensorStorage(byteCount: 0) { _ in }, path: nil))
  }

  private static func value(_ name: String) -> Onnx_ValueInfoProto {
    .with {
      $0.name = name
      $0.type.tensorType.elemType = 1
      $0.type.tensorType.shape.dim = [.with { $0.dimValue = 4 }]
    }
  }

  private static func node(_ line: String, number: Int) -> Onnx_NodeProto {
    let sides = line.split(separator: "=").map(String.init)
    let call = sides[1].split(separator: "(").map(String.init)
    let names = { (text: String) in
      text.split(whereSeparator: { ", )".contains($0) }).map(String.init)
    }
    return .with {
      $0.name = "node\(number)"
      $0.output = names(sides[0])
      $0.opType = names(call[0])[0]
      $0.input = names(call[1])
    }
  }
}
