import ApusCore
import FoundationEssentials
import SwiftProtobuf

/// Between values and their messages.
enum ValueCoder {
  static func value(
    _ proto: Onnx_SequenceProto, _ element: ValueType, _ decoder: TensorDecoder
  ) throws(TensorFault) -> Value {
    var items: [Value] = []
    for tensor in proto.tensorValues { items.append(.tensor(try decoder.decode(tensor))) }
    for tensor in proto.sparseTensorValues { items.append(.tensor(try decoder.decode(tensor))) }
    for sequence in proto.sequenceValues { items.append(try value(sequence, inner(element), decoder)) }
    for optional in proto.optionalValues { items.append(try value(optional, inner(element), decoder)) }
    guard proto.mapValues.isEmpty else { throw TensorFault(.badData, "maps are not supported") }
    return .sequence(items, element: element)
  }

  static func value(
    _ proto: Onnx_OptionalProto, _ element: ValueType, _ decoder: TensorDecoder
  ) throws(TensorFault) -> Value {
    if proto.hasTensorValue {
      return .optional(.tensor(try decoder.decode(proto.tensorValue)), element: element)
    }
    if proto.hasSparseTensorValue {
      return .optional(.tensor(try decoder.decode(proto.sparseTensorValue)), element: element)
    }
    if proto.hasSequenceValue {
      return .optional(try value(proto.sequenceValue, inner(element), decoder), element: element)
    }
    if proto.hasOptionalValue {
      return .optional(try value(proto.optionalValue, inner(element), decoder), element: element)
    }
    guard !proto.hasMapValue else { throw TensorFault(.badData, "maps are not supported") }
    return .optional(nil, element: element)
  }

  private static func inner(_ type: ValueType) -> ValueType {
    switch type {
    case .sequence(let element), .optional(let element): element
    case .tensor: type
    }
  }

  static func proto(_ tensor: Tensor, _ name: String) -> Onnx_TensorProto {
    .with {
      $0.name = name
      $0.dataType = tensor.dtype.onnxNumber
      $0.dims = tensor.shape.map(Int64.init)
      if tensor.dtype == .string {
        $0.stringData = tensor.strings.map { Data($0.utf8) }
      } else {
        $0.rawData = tensor.withUnsafeBytes { Data($0) }
      }
    }
  }

  static func sequence(_ value: Value, _ name: String) -> Onnx_SequenceProto {
    .with {
      $0.name = name
      guard case .sequence(let items, let element) = value else { return }
      $0.elemType = kind(of: element)
      for item in items {
        switch item {
        case .tensor(let tensor): $0.tensorValues.append(proto(tensor, ""))
        case .sequence: $0.sequenceValues.append(sequence(item, ""))
        case .optional: $0.optionalValues.append(optional(item, ""))
        }
      }
    }
  }

  static func optional(_ value: Value, _ name: String) -> Onnx_OptionalProto {
    .with {
      $0.name = name
      guard case .optional(let content?, let element) = value else { return }
      $0.elemType = kind(of: element)
      switch content {
      case .tensor(let tensor): $0.tensorValue = proto(tensor, "")
      case .sequence: $0.sequenceValue = sequence(content, "")
      case .optional: $0.optionalValue = optional(content, "")
      }
    }
  }

  /// Number in `SequenceProto.DataType` and `OptionalProto.DataType`.
  private static func kind(of type: ValueType) -> Int32 {
    switch type {
    case .tensor: 1
    case .sequence: 3
    case .optional: 5
    }
  }
}
