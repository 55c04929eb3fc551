import ApusCore

extension ModelValidator {
  /// Attributes against the schema: unknown, missing, of the wrong type.
  mutating func validateAttributes(_ node: Onnx_NodeProto, _ place: Place, _ schema: OperatorSchema) {
    for attribute in node.attribute {
      guard let wanted = schema.attributes.first(where: { $0.name == attribute.name }) else {
        // Names with an underscore in front are notes that tools leave.
        if attribute.name.hasPrefix("_") { continue }
        let names = schema.attributes.map(\.name)
        report(
          place.problem(
            .invalidAttribute, "the operator has no such attribute", attribute: attribute.name,
            value: attribute.shortValue, allowed: names.isEmpty ? "none" : names.joined(separator: ", "),
            fix: NearestName.of(attribute.name, in: names).map { "did you mean \($0)?" } ?? "remove it"))
        continue
      }
      let type = attribute.effectiveType
      if type != .undefined && type.rawValue != wanted.type {
        report(
          place.problem(
            .invalidAttribute, "the attribute is of type \(type.text)", attribute: attribute.name,
            value: attribute.shortValue,
            allowed: Onnx_AttributeProto.AttributeType(rawValue: wanted.type)?.text,
            fix: "export the model again"))
      }
    }
    let present = Set(node.attribute.map(\.name))
    for wanted in schema.attributes where wanted.isRequired && !present.contains(wanted.name) {
      report(
        place.problem(
          .invalidAttribute, "required attribute '\(wanted.name)' is missing", attribute: wanted.name,
          allowed: Onnx_AttributeProto.AttributeType(rawValue: wanted.type)?.text,
          fix: "export the model again, or set '\(wanted.name)' on the node"))
    }
  }

  /// What holds for attributes of any operator: names once, references only within functions, one value of the type.
  mutating func validateAttributeForms(_ node: Onnx_NodeProto, _ place: Place, in around: Surroundings) {
    var seen: Set<String> = []
    for attribute in node.attribute {
      if attribute.name.isEmpty { report(place.problem(.invalidAttribute, "an attribute has no name")) }
      if !seen.insert(attribute.name).inserted {
        report(place.problem(.invalidAttribute, "the attribute is given twice", attribute: attribute.name))
      }
      if !attribute.refAttrName.isEmpty {
        validateReference(attribute, place, in: around)
      } else if !attribute.fitsItsType {
        report(
          place.problem(
            .invalidAttribute,
            "the attribute says it is of type \(attribute.effectiveType.text) but holds another",
            attribute: attribute.name, value: attribute.shortValue, fix: "export the model again"))
      }
    }
  }

  private mutating func validateReference(
    _ attribute: Onnx_AttributeProto, _ place: Place, in around: Surroundings
  ) {
    guard let known = around.attributes else {
      return report(
        place.problem(
          .invalidAttribute, "an attribute refers to another outside a function", attribute: attribute.name,
          value: attribute.refAttrName, fix: "give it a value"))
    }
    if !known.contains(attribute.refAttrName) {
      report(
        place.problem(
          .invalidAttribute, "an attribute refers to one that the function does not have",
          attribute: attribute.name, value: attribute.refAttrName,
          allowed: known.sorted().joined(separator: ", ")))
    }
  }
}

extension Onnx_AttributeProto {
  /// Whether no field but the one of the type is set.
  var fitsItsType: Bool {
    let type = effectiveType
    let fields: [(Bool, AttributeType)] = [
      (hasF, .float), (hasI, .int), (hasS, .string), (hasT, .tensor), (hasG, .graph),
      (hasSparseTensor, .sparseTensor), (hasTp, .typeProto), (!floats.isEmpty, .floats),
      (!ints.isEmpty, .ints),
      (!strings.isEmpty, .strings), (!tensors.isEmpty, .tensors), (!graphs.isEmpty, .graphs),
      (!sparseTensors.isEmpty, .sparseTensors), (!typeProtos.isEmpty, .typeProtos),
    ]
    // A scalar at its default may be left out by writers that know no field presence.
    return fields.allSatisfy { !$0.0 || $0.1 == type } && (type != .undefined || fields.allSatisfy { !$0.0 })
  }

  /// The value for a message, cut short.
  var shortValue: String? {
    switch effectiveType {
    case .float: return "\(f)"
    case .int: return "\(i)"
    case .string: return "'" + String(decoding: s.prefix(60), as: UTF8.self) + "'"
    case .ints:
      return "[" + ints.prefix(8).map { "\($0)" }.joined(separator: ",") + (ints.count > 8 ? ",…]" : "]")
    case .floats:
      return "[" + floats.prefix(8).map { "\($0)" }.joined(separator: ",") + (floats.count > 8 ? ",…]" : "]")
    default: return nil
    }
  }
}

extension Onnx_AttributeProto.AttributeType {
  /// The name in `AttributeProto`.
  var text: String {
    switch self {
    case .undefined: "UNDEFINED"
    case .float: "FLOAT"
    case .int: "INT"
    case .string: "STRING"
    case .tensor: "TENSOR"
    case .graph: "GRAPH"
    case .sparseTensor: "SPARSE_TENSOR"
    case .typeProto: "TYPE_PROTO"
    case .floats: "FLOATS"
    case .ints: "INTS"
    case .strings: "STRINGS"
    case .tensors: "TENSORS"
    case .graphs: "GRAPHS"
    case .sparseTensors: "SPARSE_TENSORS"
    case .typeProtos: "TYPE_PROTOS"
    }
  }
}
