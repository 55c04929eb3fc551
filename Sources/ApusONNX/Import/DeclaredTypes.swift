import ApusCore

/// Turns declared types into ours; a dimension without a size becomes a symbol.
struct DeclaredTypes {
  /// Sizes that symbols are fixed at.
  var sizes: [String: Int] = [:]
  /// Names a dimension that the model leaves open: of which value, which axis.
  let openDimension: (String, Int) -> Dim

  /// nil: the type is missing. Throws on types that have no counterpart.
  func type(_ proto: Onnx_TypeProto, of value: String) throws(TensorFault) -> ValueType? {
    switch proto.value {
    case .tensorType(let tensor):
      if tensor.elemType == 0 { return nil }
      return .tensor(try dtype(tensor.elemType), tensor.hasShape ? shape(tensor.shape, of: value) : nil)
    case .sparseTensorType(let tensor):
      return .tensor(try dtype(tensor.elemType), tensor.hasShape ? shape(tensor.shape, of: value) : nil)
    case .sequenceType(let sequence):
      return .sequence(try element(sequence.elemType, of: value))
    case .optionalType(let optional):
      return .optional(try element(optional.elemType, of: value))
    case .mapType, .opaqueType:
      throw TensorFault(
        .unsupportedType, "maps and opaque types are not supported", value: value,
        allowed: "tensor, sequence, optional")
    case nil: return nil
    }
  }

  private func element(_ proto: Onnx_TypeProto, of value: String) throws(TensorFault) -> ValueType {
    guard let type = try type(proto, of: value) else {
      throw TensorFault(.invalidGraph, "the element type of '\(value)' is missing")
    }
    return type
  }

  private func dtype(_ number: Int32) throws(TensorFault) -> DType {
    guard let dtype = DType(onnx: number) else {
      throw TensorFault(
        .unsupportedType, "element type \(number) is unknown", value: "\(number)", allowed: DType.onnxNumbers)
    }
    return dtype
  }

  private func shape(_ proto: Onnx_TensorShapeProto, of value: String) -> Shape {
    proto.dim.enumerated().map { axis, dim in
      switch dim.value {
      case .dimValue(let size) where size >= 0: return .constant(Int(size))
      case .dimParam(let name) where !name.isEmpty && name != "?":
        return sizes[name].map { .constant($0) } ?? .symbol(name)
      default: return openDimension(value, axis)
      }
    }
  }
}
