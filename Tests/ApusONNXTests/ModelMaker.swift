import ApusCore
import FoundationEssentials
import SwiftProtobuf

@testable import ApusONNX

/// Builds ONNX messages for tests.
enum Make {
  static func model(
    opset: Int64 = 17, ir: Int64 = 8, functions: [Onnx_FunctionProto] = [], _ graph: Onnx_GraphProto
  ) -> Onnx_ModelProto {
    .with {
      $0.irVersion = ir
      $0.opsetImport = [opsetImport("", opset)]
      $0.graph = graph
      $0.functions = functions
      for function in functions where !$0.opsetImport.contains(where: { $0.domain == function.domain }) {
        $0.opsetImport.append(opsetImport(function.domain, 1))
      }
    }
  }

  static func opsetImport(_ domain: String, _ version: Int64) -> Onnx_OperatorSetIdProto {
    .with {
      $0.domain = domain
      $0.version = version
    }
  }

  static func graph(
    _ nodes: [Onnx_NodeProto], inputs: [Onnx_ValueInfoProto], outputs: [String],
    initializers: [Onnx_TensorProto] = []
  ) -> Onnx_GraphProto {
    .with {
      $0.name = "test"
      $0.node = nodes
      $0.input = inputs
      $0.output = outputs.map { value($0, nil) }
      $0.initializer = initializers
    }
  }

  /// A FLOAT tensor value; text dimensions are symbols, nil is open, `shape` nil has no shape.
  static func value(_ name: String, _ shape: [any Sendable]?, type: Int32 = 1) -> Onnx_ValueInfoProto {
    .with {
      $0.name = name
      $0.type.tensorType.elemType = type
      guard let shape else { return }
      $0.type.tensorType.shape.dim = shape.map { size in
        .with {
          if let size = size as? Int { $0.dimValue = Int64(size) }
          if let size = size as? String { $0.dimParam = size }
        }
      }
    }
  }

  static func node(
    _ opType: String, _ inputs: [String], _ outputs: [String], name: String = "", domain: String = "",
    _ attributes: [Onnx_AttributeProto] = []
  ) -> Onnx_NodeProto {
    .with {
      $0.opType = opType
      $0.input = inputs
      $0.output = outputs
      $0.name = name
      $0.domain = domain
      $0.attribute = attributes
    }
  }

  static func floats(_ name: String, _ values: [Float], _ dims: [Int64]? = nil) -> Onnx_TensorProto {
    .with {
      $0.name = name
      $0.dataType = 1
      $0.dims = dims ?? [Int64(values.count)]
      $0.rawData = values.withUnsafeBytes { Data($0) }
    }
  }

  static func int64s(_ name: String, _ values: [Int64]) -> Onnx_TensorProto {
    .with {
      $0.name = name
      $0.dataType = 7
      $0.dims = [Int64(values.count)]
      $0.int64Data = values
    }
  }

  static func attribute(_ name: String, graph: Onnx_GraphProto) -> Onnx_AttributeProto {
    .with {
      $0.name = name
      $0.type = .graph
      $0.g = graph
    }
  }

  static func attribute(_ name: String, int: Int64) -> Onnx_AttributeProto {
    .with {
      $0.name = name
      $0.type = .int
      $0.i = int
    }
  }

  static func function(
    _ name: String, domain: String = "local", inputs: [String], outputs: [String], attributes: [String] = [],
    _ nodes: [Onnx_NodeProto]
  ) -> Onnx_FunctionProto {
    .with {
      $0.name = name
      $0.domain = domain
      $0.input = inputs
      $0.output = outputs
      $0.attribute = attributes
      $0.node = nodes
      $0.opsetImport = [opsetImport("", 17)]
    }
  }
}

extension Onnx_ModelProto {
  func loaded() throws -> ONNXModel { try ONNXModel(bytes: serializedBytes()) }
}
