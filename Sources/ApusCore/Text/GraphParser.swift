/// Reads graphs in the text form.
public struct GraphParser {
  let catalogue: OperatorCatalogue
  let constants: [Tensor]
  private var scanner: TextScanner

  /// The graph that `text` describes; `@n` stands for `constants[n]`.
  public static func parse(_ text: String, catalogue: OperatorCatalogue, constants: [Tensor] = []) throws
    -> Graph
  {
    var parser = GraphParser(catalogue: catalogue, constants: constants, scanner: TextScanner(text))
    let graph = try parser.graph()
    try parser.scanner.expectEnd()
    return graph
  }

  private mutating func graph() throws -> Graph {
    try scanner.expect("graph")
    var graph = Graph(name: try scanner.quotedString())
    let inputs = try scanner.list("(", ")") { scanner in
      let name = try scanner.valueName()
      try scanner.expect(":")
      return (name, try scanner.scanType())
    }
    for (name, type) in inputs { graph.addInput(name, type) }
    try scanner.expect("->")
    let outputs = try scanner.list("(", ")") { try $0.valueName() }
    try scanner.expect("{")
    while !scanner.take("}") {
      if scanner.take("bound") { try bound(&graph) } else { try statement(&graph) }
    }
    graph.setOutputs(try outputs.map { try self.value($0, in: graph) })
    return graph
  }

  private func value(_ name: String, in graph: Graph) throws -> ValueID {
    guard let id = graph.value(named: name) else { throw scanner.error("value %\(name) is not defined") }
    return id
  }

  private mutating func bound(_ graph: inout Graph) throws {
    let symbol = try scanner.scanDim()
    try scanner.expect("<=")
    let bound = try scanner.scanDim()
    guard let name = symbol.symbolName else { throw scanner.error("a bound needs a symbol") }
    graph.symbolBounds[name] = bound
  }

  private mutating func statement(_ graph: inout Graph) throws {
    var results: [(name: String, type: ValueType)?] = []
    while scanner.peek() != UInt8(ascii: "=") {
      if !results.isEmpty { try scanner.expect(",") }
      if scanner.take("_") {
        results.append(nil)
      } else {
        let name = try scanner.valueName()
        try scanner.expect(":")
        results.append((name, try scanner.scanType()))
      }
    }
    try scanner.expect("=")
    let name = try scanner.identifier()
    if name == "constant" {
      guard results.count == 1, let result = results[0] else {
        throw scanner.error("a constant has one name")
      }
      graph.addConstant(try tensor(result.type), name: result.name)
      return
    }
    try node(name, results, &graph)
  }

  private mutating func node(
    _ opName: String, _ results: [(name: String, type: ValueType)?], _ graph: inout Graph
  ) throws {
    guard let type = catalogue[opName] else { throw scanner.error("unknown operator '\(opName)'") }
    let names: [String?] = try scanner.list("(", ")") { $0.take("_") ? nil : try $0.valueName() }
    let inputs = try names.map { try $0.map { try value($0, in: graph) } }
    var fields: [AttributeValue.Field] = []
    if scanner.peek() == UInt8(ascii: "{"), case .record(let parsed) = try attribute() { fields = parsed }
    let op: any Operator
    do { op = try decode(type, fields) } catch { throw scanner.error("attributes of \(opName): \(error)") }
    var nodeName = ""
    if scanner.peek() == UInt8(ascii: "\"") { nodeName = try scanner.quotedString() }
    var sources = nodeName.isEmpty ? [] : [nodeName]
    if scanner.take("from") { sources = try scanner.list("[", "]") { try $0.quotedString() } }
    var history: [String] = []
    if scanner.take("by") { history = try scanner.list("[", "]") { try $0.quotedString() } }
    let id = graph.addNode(op, inputs, outputs: results.map { $0?.name }, name: nodeName, sources: sources)
    graph.annotate(id) { $0.history = history }
    for (output, result) in zip(graph[id].outputs, results) {
      if let output, let result { graph.setType(of: output, to: result.type) }
    }
  }

  private func decode(_ type: any Operator.Type, _ fields: [AttributeValue.Field]) throws -> any Operator {
    func open<O: Operator>(_ type: O.Type) throws -> any Operator {
      try AttributeDecoder.decode(type, from: fields)
    }
    return try open(type)
  }

  private mutating func attribute() throws -> AttributeValue {
    guard let next = scanner.peek() else { throw scanner.error("expected an attribute") }
    switch next {
    case UInt8(ascii: "{"):
      try scanner.expect("{")
      var fields: [AttributeValue.Field] = []
      while !scanner.take("}") {
        if !fields.isEmpty { try scanner.expect(",") }
        let name = try scanner.identifier()
        try scanner.expect(":")
        fields.append(AttributeValue.Field(name, try attribute()))
      }
      return .record(fields)
    case UInt8(ascii: "["):
      try scanner.expect("[")
      var items: [AttributeValue] = []
      while !scanner.take("]") {
        if !items.isEmpty { try scanner.expect(",") }
        items.append(try attribute())
      }
      return .list(items)
    case UInt8(ascii: "\""): return .string(try scanner.quotedString())
    default: return try word()
    }
  }

  private mutating func word() throws -> AttributeValue {
    if scanner.take("true") { return .bool(true) }
    if scanner.take("false") { return .bool(false) }
    if scanner.take("null") { return .null }
    if scanner.take("type") { return .type(try scanner.scanType()) }
    if scanner.take("tensor") { return .tensor(try tensor(try scanner.scanType())) }
    let start = scanner
    if scanner.take("graph") {
      scanner = start
      return .graph(try graph())
    }
    let text = try scanner.numberText()
    if let integer = Int64(text) { return .int(integer) }
    if let number = Double(text) { return .float(number) }
    throw scanner.error("'\(text)' is no attribute value")
  }

  /// `{…}` or `@n` after a type.
  private mutating func tensor(_ type: ValueType) throws -> Tensor {
    guard let type = type.tensor, let shape = type.staticShape else {
      throw scanner.error("a constant needs a static shape")
    }
    if scanner.take("@") {
      let index = try scanner.integer()
      guard constants.indices.contains(index), constants[index].type == type else {
        throw scanner.error("no constant @\(index) of type \(type)")
      }
      return constants[index]
    }
    let count = shape.elementCount
    if type.dtype == .string {
      let strings = try scanner.list("{", "}") { try $0.quotedString() }
      guard strings.count == count else { throw scanner.error("expected \(count) strings") }
      return Tensor(strings: strings, shape: shape)
    }
    let numbers = try scanner.list("{", "}") { try $0.numberText() }
    guard numbers.count == (type.dtype.isComplex ? 2 * count : count) else {
      throw scanner.error("expected \(count) elements")
    }
    if type.dtype.isFloat || type.dtype.isComplex {
      let values = numbers.compactMap { Double($0) }
      guard values.count == numbers.count else { throw scanner.error("bad number in a constant") }
      if type.dtype.isComplex {
        let pairs = stride(from: 0, to: values.count, by: 2).map { Complex(values[$0], values[$0 + 1]) }
        return Tensor(complex: pairs, type.dtype, shape)
      }
      return Tensor(doubles: values, type.dtype, shape)
    }
    let values = numbers.compactMap { Int64($0) }
    guard values.count == numbers.count else { throw scanner.error("bad integer in a constant") }
    return Tensor(integers: values, type.dtype, shape)
  }
}
