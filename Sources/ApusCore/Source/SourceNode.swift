/// A node as a source format spells it, decoded but not yet understood.
public struct SourceNode: Sendable {
  public var name: String
  public var opType: String
  public var domain: String
  /// Version of the operator set that the model imports for `domain`.
  public var version: Int
  public var attributes: [String: AttributeValue]
  /// Values of the graph under construction; nil: an optional input left out.
  public var inputs: [ValueID?]
  /// How many of the last inputs are values of the enclosing graph that bodies in the attributes read: every body
  /// ends with as many inputs, in the same order.
  public var captures = 0
  /// Names of the outputs; empty: an optional output that nobody reads.
  public var outputs: [String]

  public init(
    name: String, opType: String, domain: String = "", version: Int = 1,
    attributes: [String: AttributeValue] = [:],
    inputs: [ValueID?] = [], outputs: [String] = []
  ) {
    self.name = name
    self.opType = opType
    self.domain = domain
    self.version = version
    self.attributes = attributes
    self.inputs = inputs
    self.outputs = outputs
  }

  public func has(_ attribute: String) -> Bool { attributes[attribute] != nil }

  public func int(_ name: String) throws -> Int? {
    guard let value = attributes[name] else { return nil }
    guard case .int(let number) = value else { throw wrongType(name, value, "an integer") }
    return Int(number)
  }

  public func int(_ name: String, default fallback: Int) throws -> Int { try int(name) ?? fallback }

  /// An integer that makes sense within `allowed` only, whatever the inputs are.
  public func int(_ name: String, in allowed: ClosedRange<Int>) throws -> Int? {
    let number = try int(name)
    if let number { try refuse(name, "\(number)", unless: allowed.contains(number), allowed) }
    return number
  }

  public func bool(_ name: String, default fallback: Bool) throws -> Bool {
    try int(name).map { $0 != 0 } ?? fallback
  }

  public func float(_ name: String) throws -> Double? {
    guard let value = attributes[name] else { return nil }
    guard case .float(let number) = value else { throw wrongType(name, value, "a float") }
    return number
  }

  public func float(_ name: String, default fallback: Double) throws -> Double { try float(name) ?? fallback }

  public func string(_ name: String) throws -> String? {
    guard let value = attributes[name] else { return nil }
    guard case .string(let text) = value else { throw wrongType(name, value, "a string") }
    return text
  }

  public func string(_ name: String, default fallback: String) throws -> String {
    try string(name) ?? fallback
  }

  public func ints(_ name: String) throws -> [Int]? {
    try list(name, "a list of integers") { if case .int(let number) = $0 { Int(number) } else { nil } }
  }

  /// Integers each of which makes sense within `allowed` only, whatever the inputs are.
  public func ints(_ name: String, in allowed: ClosedRange<Int>) throws -> [Int]? {
    let list = try ints(name)
    if let list { try refuse(name, "\(list)", unless: list.allSatisfy(allowed.contains), allowed) }
    return list
  }

  private func refuse(
    _ name: String, _ value: String, unless isAllowed: Bool, _ allowed: ClosedRange<Int>
  ) throws {
    guard !isAllowed else { return }
    throw OperatorError(
      .invalidAttribute, "attribute '\(name)' is \(value)", attribute: name, value: value,
      allowed: allowed.upperBound < 1 << 30
        ? "\(allowed.lowerBound) to \(allowed.upperBound)" : "\(allowed.lowerBound) and more")
  }

  public func floats(_ name: String) throws -> [Double]? {
    try list(name, "a list of floats") { if case .float(let number) = $0 { number } else { nil } }
  }

  public func strings(_ name: String) throws -> [String]? {
    try list(name, "a list of strings") { if case .string(let text) = $0 { text } else { nil } }
  }

  public func tensor(_ name: String) throws -> Tensor? {
    guard let value = attributes[name] else { return nil }
    guard case .tensor(let tensor) = value else { throw wrongType(name, value, "a tensor") }
    return tensor
  }

  public func graph(_ name: String) throws -> Graph? {
    guard let value = attributes[name] else { return nil }
    guard case .graph(let graph) = value else { throw wrongType(name, value, "a graph") }
    return graph
  }

  /// A required attribute; throws when `value` is nil.
  public func require<T>(_ name: String, _ value: T?) throws -> T {
    guard let value else {
      throw OperatorError(
        .invalidAttribute, "required attribute '\(name)' is missing", attribute: name,
        fix: "export the model again, or set '\(name)' on the node")
    }
    return value
  }

  private func list<T>(_ name: String, _ wanted: String, _ pick: (AttributeValue) -> T?) throws -> [T]? {
    guard let value = attributes[name] else { return nil }
    guard case .list(let items) = value else { throw wrongType(name, value, wanted) }
    let picked = items.compactMap(pick)
    guard picked.count == items.count else { throw wrongType(name, value, wanted) }
    return picked
  }

  private func wrongType(_ name: String, _ value: AttributeValue, _ wanted: String) -> OperatorError {
    OperatorError(
      .invalidAttribute, "attribute '\(name)' has the wrong type", attribute: name, value: value.description,
      allowed: wanted)
  }
}
