public import ApusCore
import FoundationEssentials
import SwiftProtobuf

/// An ONNX model for editing: everything in the file is kept, also what Apus does not know (unknown fields, metadata,
/// documentation, names, order, operator sets); weights stay where they lie until the model is saved.
///
/// Edits are made on the main graph. Nothing is checked but names; `importGraph` on the saved model, or
/// `onnxModel()`, checks all.
public struct EditableModel: Sendable {
  var proto: Onnx_ModelProto
  let source: TensorStorage
  /// Path the model was loaded from; external data is looked up beside it.
  public let path: String?

  /// Maps and parses a file; errors as `ONNXModel.load`.
  public static func load(path: String) throws -> EditableModel {
    EditableModel(try ONNXModel.load(path: path))
  }

  public init(_ model: ONNXModel) {
    proto = model.proto
    source = model.source
    path = model.path
  }

  /// The model as edited so far, ready to be imported.
  public func onnxModel() -> ONNXModel { ONNXModel(proto: proto, source: source, path: path) }

  public var metadata: ModelMetadata { onnxModel().metadata }

  /// The nodes of the main graph, in the order of the file.
  public var nodes: [EditableNode] {
    get { proto.graph.node.map { EditableNode(proto: $0) } }
    set { proto.graph.node = newValue.map(\.proto) }
  }

  public var inputNames: [String] { proto.graph.input.map(\.name) }
  public var outputNames: [String] { proto.graph.output.map(\.name) }
  public var initializerNames: [String] {
    proto.graph.initializer.map(\.name) + proto.graph.sparseInitializer.map(\.values.name)
  }

  /// Declared type of an input, output or inner value of the main graph; nil when there is none.
  public func declaredType(of name: String) -> ValueType? {
    let infos = [proto.graph.input, proto.graph.output, proto.graph.valueInfo].joined()
    guard let info = infos.first(where: { $0.name == name }) else { return nil }
    let types = DeclaredTypes { .symbol("\($0)_\($1)") }
    return (try? types.type(info.type, of: name)) ?? nil
  }

  /// An initializer's contents. Throws when there is none of the name or it is malformed.
  public func initializer(_ name: String) throws -> Tensor {
    let decoder = TensorDecoder(source: source, external: ExternalData(modelPath: path))
    do {
      if let tensor = proto.graph.initializer.first(where: { $0.name == name }) {
        return try decoder.decode(tensor)
      }
      if let tensor = proto.graph.sparseInitializer.first(where: { $0.values.name == name }) {
        return try decoder.decode(tensor)
      }
    } catch {
      throw ApusError(.invalidModel, error.problem(tensor: name))
    }
    throw unknown("initializer", name)
  }

  func unknown(_ what: String, _ name: String) -> ApusError {
    ApusError(
      .usage, Problem(.unknownOutputName, "the model has no \(what) '\(name)'", file: path, value: name))
  }
}

/// A node of an editable model, with everything that the file says of it.
public struct EditableNode: Sendable {
  var proto: Onnx_NodeProto

  init(proto: Onnx_NodeProto) { self.proto = proto }

  /// A new node. Attributes may be integers, floats, strings, tensors and lists of one of them.
  public init(
    _ opType: String, inputs: [String], outputs: [String], name: String = "", domain: String = "",
    attributes: [String: AttributeValue] = [:]
  ) {
    proto = .with {
      $0.opType = opType
      $0.input = inputs
      $0.output = outputs
      $0.name = name
      $0.domain = domain
      $0.attribute = attributes.sorted { $0.key < $1.key }.compactMap {
        Onnx_AttributeProto($0.key, $0.value)
      }
    }
  }

  public var name: String {
    get { proto.name }
    set { proto.name = newValue }
  }
  public var opType: String {
    get { proto.opType }
    set { proto.opType = newValue }
  }
  public var domain: String {
    get { proto.domain }
    set { proto.domain = newValue }
  }
  public var inputs: [String] {
    get { proto.input }
    set { proto.input = newValue }
  }
  public var outputs: [String] {
    get { proto.output }
    set { proto.output = newValue }
  }
  public var attributeNames: [String] { proto.attribute.map(\.name) }

  /// Sets an attribute, or removes it with nil.
  public mutating func setAttribute(_ name: String, _ value: AttributeValue?) {
    proto.attribute.removeAll { $0.name == name }
    if let attribute = value.flatMap({ Onnx_AttributeProto(name, $0) }) { proto.attribute.append(attribute) }
  }

  /// Everything the node reads: its inputs, and what its bodies capture.
  public var reads: [String] { proto.input.filter { !$0.isEmpty } + FreeNames.captured(by: proto) }
}

extension Onnx_AttributeProto {
  /// nil for values that have no form in ONNX.
  init?(_ name: String, _ value: AttributeValue) {
    self.init()
    self.name = name
    switch value {
    case .bool(let flag): (type, i) = (.int, flag ? 1 : 0)
    case .int(let number): (type, i) = (.int, number)
    case .float(let number): (type, f) = (.float, Float(number))
    case .string(let text): (type, s) = (.string, Data(text.utf8))
    case .tensor(let tensor): (type, t) = (.tensor, ValueCoder.proto(tensor, ""))
    case .list(let items):
      guard setList(items) else { return nil }
    case .null, .record, .graph, .type: return nil
    }
  }

  private mutating func setList(_ items: [AttributeValue]) -> Bool {
    for item in items {
      switch item {
      case .int(let number): (type, ints) = (.ints, ints + [number])
      case .float(let number): (type, floats) = (.floats, floats + [Float(number)])
      case .string(let text): (type, strings) = (.strings, strings + [Data(text.utf8)])
      case .tensor(let tensor): (type, tensors) = (.tensors, tensors + [ValueCoder.proto(tensor, "")])
      default: return false
      }
    }
    if items.isEmpty { type = .ints }
    return [ints.count, floats.count, strings.count, tensors.count].contains(items.count)
  }
}
