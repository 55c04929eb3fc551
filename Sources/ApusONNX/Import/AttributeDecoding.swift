import ApusCore

extension Onnx_AttributeProto {
  /// The declared type; files before IR version 2 leave it to be seen from the field that is set.
  var effectiveType: AttributeType {
    if type != .undefined { return type }
    if hasF { return .float }
    if hasI { return .int }
    if hasS { return .string }
    if hasT { return .tensor }
    if hasG { return .graph }
    if hasSparseTensor { return .sparseTensor }
    if hasTp { return .typeProto }
    if !floats.isEmpty { return .floats }
    if !ints.isEmpty { return .ints }
    if !strings.isEmpty { return .strings }
    if !tensors.isEmpty { return .tensors }
    if !graphs.isEmpty { return .graphs }
    return .undefined
  }

  /// The value, but for graphs, which only their surroundings can close. nil: the type has no counterpart.
  func value(_ tensors: TensorDecoder, _ types: DeclaredTypes) throws(TensorFault) -> AttributeValue? {
    switch effectiveType {
    case .float: return .float(Double(f))
    case .int: return .int(i)
    case .string: return .string(String(decoding: s, as: UTF8.self))
    case .tensor: return .tensor(try tensors.decode(t))
    case .sparseTensor: return .tensor(try tensors.decode(sparseTensor))
    case .typeProto: return try types.type(tp, of: name).map { .type($0) }
    case .floats: return .list(floats.map { .float(Double($0)) })
    case .ints: return .list(ints.map { .int($0) })
    case .strings: return .list(strings.map { .string(String(decoding: $0, as: UTF8.self)) })
    case .tensors:
      var list: [AttributeValue] = []
      for tensor in self.tensors { list.append(.tensor(try tensors.decode(tensor))) }
      return .list(list)
    case .undefined, .graph, .graphs, .sparseTensors, .typeProtos: return nil
    }
  }
}
