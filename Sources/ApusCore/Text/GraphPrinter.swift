/// Prints graphs in the text form (see `Docs/TextForm.md`).
public struct GraphPrinter {
  /// Constants of up to this many elements stand in the text; larger ones become `@n`.
  public var inlineLimit = 16
  /// Large constants met so far, in the order of their numbers.
  public private(set) var constants: [Tensor] = []

  public init() {}

  public mutating func print(_ graph: Graph, indent: String = "") -> String {
    let inputs = graph.inputs.map { "\(reference(graph[$0].name)): \(graph[$0].type)" }.joined(
      separator: ", ")
    let outputs = graph.outputs.map { reference(graph[$0].name) }.joined(separator: ", ")
    var text = "graph \(quoted(graph.name))(\(inputs)) -> (\(outputs)) {\n"
    for (symbol, bound) in graph.symbolBounds.sorted(by: { $0.key < $1.key }) {
      text += "\(indent)  bound \(Dim.symbol(symbol)) <= \(bound)\n"
    }
    for value in graph.allValues where value.constant != nil && !graph.isInput(value.id) {
      guard let tensor = value.constant else { continue }
      text += "\(indent)  \(reference(value.name)): \(value.type) = constant \(body(tensor))\n"
    }
    for id in graph.topologicalOrder() ?? graph.allNodes.map(\.id) {
      text += "\(indent)  \(line(graph[id], in: graph, indent: indent))\n"
    }
    return text + indent + "}"
  }

  private mutating func line(_ node: Graph.Node, in graph: Graph, indent: String) -> String {
    let results = node.outputs.map { $0.map { "\(reference(graph[$0].name)): \(graph[$0].type)" } ?? "_" }
    let inputs = node.inputs.map { $0.map { reference(graph[$0].name) } ?? "_" }
    var text = "\(results.joined(separator: ", ")) = \(node.opName)(\(inputs.joined(separator: ", ")))"
    let attributes = (try? AttributeEncoder.encodeDifferences(node.op)) ?? []
    if !attributes.isEmpty { text += " " + self.text(.record(attributes), indent: indent + "  ") }
    if !node.name.isEmpty { text += " " + quoted(node.name) }
    if !node.sources.isEmpty && node.sources != [node.name] {
      text += " from [\(node.sources.map(quoted).joined(separator: ", "))]"
    }
    if !node.history.isEmpty { text += " by [\(node.history.map(quoted).joined(separator: ", "))]" }
    return text
  }

  mutating func text(_ value: AttributeValue, indent: String) -> String {
    switch value {
    case .null: return "null"
    case .bool(let flag): return flag ? "true" : "false"
    case .int(let number): return String(number)
    case .float(let number): return Self.text(number)
    case .string(let text): return quoted(text)
    case .list(let items): return "[" + items.map { text($0, indent: indent) }.joined(separator: ", ") + "]"
    case .record(let fields):
      return "{" + fields.map { "\($0.name): \(text($0.value, indent: indent))" }.joined(separator: ", ")
        + "}"
    case .tensor(let tensor): return "tensor \(ValueType.tensor(tensor.type)) \(body(tensor))"
    case .graph(let graph): return print(graph, indent: indent)
    case .type(let type): return "type \(type)"
    }
  }

  private mutating func body(_ tensor: Tensor) -> String {
    if tensor.elementCount <= inlineLimit {
      let items: [String]
      if tensor.dtype == .string {
        items = tensor.strings.map(quoted)
      } else if tensor.dtype.isComplex {
        items = tensor.complex().flatMap { [Self.text($0.real), Self.text($0.imaginary)] }
      } else if tensor.dtype.isFloat {
        items = tensor.doubles().map(Self.text)
      } else {
        items = tensor.integers().map { String($0) }
      }
      return "{\(items.joined(separator: ", "))}"
    }
    if let index = constants.firstIndex(where: {
      $0.storage === tensor.storage && $0.byteOffset == tensor.byteOffset && $0.type == tensor.type
    }) {
      return "@\(index)"
    }
    constants.append(tensor)
    return "@\(constants.count - 1)"
  }

  static func text(_ number: Double) -> String {
    if number.isNaN { return "nan" }
    if number.isInfinite { return number < 0 ? "-inf" : "inf" }
    return number.description
  }

  private func reference(_ name: String) -> String {
    name.unicodeScalars.allSatisfy(\.isIdentifierPart) && !name.isEmpty ? "%\(name)" : "%\(quoted(name))"
  }

  private func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\t": result += "\\t"
      case _ where scalar.value < 32: result += "\\u{\(String(scalar.value, radix: 16))}"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}

extension Graph: CustomStringConvertible {
  public var description: String {
    var printer = GraphPrinter()
    return printer.print(self)
  }
}

extension AttributeValue: CustomStringConvertible {
  public var description: String {
    var printer = GraphPrinter()
    return printer.text(self, indent: "")
  }
}
