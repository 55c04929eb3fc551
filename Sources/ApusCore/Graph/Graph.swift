/// Identity of a value within one graph.
public struct ValueID: Hashable, Sendable {
  public let index: Int
  public init(index: Int) { self.index = index }
}

/// Identity of a node within one graph.
public struct NodeID: Hashable, Sendable {
  public let index: Int
  public init(index: Int) { self.index = index }
}

/// A dataflow graph of typed nodes, with value semantics.
///
/// Every value has a unique name and one producer: a node, an input, or none (a constant). Nodes have no order of their
/// own; `topologicalOrder` derives one that keeps to the source's order where it can. Bodies of control flow are graphs
/// in attributes, closed: what they capture are further inputs of their node.
public struct Graph: Sendable {
  /// An edge.
  public struct Value: Sendable {
    public let id: ValueID
    public internal(set) var name: String
    public internal(set) var type: ValueType
    /// Set for constants.
    public internal(set) var constant: Tensor?
    /// The node that computes the value, and which of its outputs it is.
    public internal(set) var producer: Producer?
    /// Nodes that read the value; a node that reads it twice stands here twice.
    public internal(set) var users: [NodeID]
    /// Elements known before running.
    public internal(set) var contents: Contents?
  }

  public struct Producer: Hashable, Sendable {
    public let node: NodeID
    public let output: Int
  }

  /// An operator applied to values.
  public struct Node: Sendable {
    public let id: NodeID
    public internal(set) var op: any Operator
    /// nil: an optional input left out.
    public internal(set) var inputs: [ValueID?]
    /// nil: an optional output that nobody reads.
    public internal(set) var outputs: [ValueID?]
    public var name: String
    /// Names of the nodes of the source model that this node does the work of.
    public var sources: [String]
    /// Rules that made or changed the node, in order.
    public var history: [String]
    /// Place in the source's order; a replacement inherits it.
    public var rank: Int

    public var opName: String { type(of: op).name }
  }

  public var name: String
  public private(set) var inputs: [ValueID] = []
  public private(set) var outputs: [ValueID] = []
  /// Upper bounds of data-dependent dimensions.
  public var symbolBounds: [String: Dim] = [:]

  var values: [Value?] = []
  var nodes: [Node?] = []
  var names: [String: ValueID] = [:]
  public private(set) var nodeCount = 0

  public init(name: String = "") { self.name = name }

  public subscript(id: ValueID) -> Value {
    guard let value = values[id.index] else { preconditionFailure("value \(id.index) was removed") }
    return value
  }

  public subscript(id: NodeID) -> Node {
    get {
      guard let node = nodes[id.index] else { preconditionFailure("node \(id.index) was removed") }
      return node
    }
  }

  public func contains(_ id: NodeID) -> Bool { id.index < nodes.count && nodes[id.index] != nil }
  public func contains(_ id: ValueID) -> Bool { id.index < values.count && values[id.index] != nil }

  /// All nodes, in no particular order.
  public var allNodes: [Node] { nodes.compactMap { $0 } }
  /// All values, in no particular order.
  public var allValues: [Value] { values.compactMap { $0 } }

  public func value(named name: String) -> ValueID? { names[name] }

  /// The node that computes `value`, or nil for inputs and constants.
  public func producer(of value: ValueID?) -> Node? {
    guard let value, let producer = self[value].producer else { return nil }
    return self[producer.node]
  }

  public func isOutput(_ value: ValueID) -> Bool { outputs.contains(value) }
  public func isInput(_ value: ValueID) -> Bool { inputs.contains(value) }

  /// Constant behind an input of a node.
  public func constant(_ value: ValueID?) -> Tensor? { value.flatMap { self[$0].constant } }

  /// The value when exactly one node reads it and no output exposes it.
  public func soleUser(of value: ValueID) -> NodeID? {
    let users = self[value].users
    return users.count == 1 && !isOutput(value) ? users[0] : nil
  }

  /// A name that no value has yet.
  func uniqueName(_ wanted: String) -> String {
    let base = wanted.isEmpty ? "v\(values.count)" : wanted
    if names[base] == nil { return base }
    var number = 1
    while names["\(base).\(number)"] != nil { number += 1 }
    return "\(base).\(number)"
  }

  mutating func addValue(
    _ name: String, _ type: ValueType, constant: Tensor? = nil, producer: Producer? = nil
  ) -> ValueID {
    let id = ValueID(index: values.count)
    let unique = uniqueName(name)
    values.append(
      Value(
        id: id, name: unique, type: type, constant: constant, producer: producer, users: [], contents: nil))
    names[unique] = id
    return id
  }

  mutating func setLists(inputs: [ValueID]? = nil, outputs: [ValueID]? = nil) {
    if let inputs { self.inputs = inputs }
    if let outputs { self.outputs = outputs }
  }

  mutating func count(nodes delta: Int) { nodeCount += delta }
}
