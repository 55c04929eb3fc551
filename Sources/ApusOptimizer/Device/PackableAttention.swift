import ApusCore
import ApusOperators

/// Attention that `PackedAttention` can take the place of: heads within the last axis, query, key and value of one shape,
/// each read by nothing else.
struct PackableAttention {
  let node: Graph.Node
  let op: ScaledDotProductAttention
  /// Query, key and value.
  let operands: [ValueID]
  let mask: ValueID?
  /// `[batch, length, heads * size]`.
  let shape: Shape

  /// Elements of a head that kernels take.
  private static let largestHead = 256

  init(_ id: NodeID, in graph: Graph) throws(Refusal) {
    node = graph[id]
    guard let op = node.op as? ScaledDotProductAttention, op.heads > 0 else {
      throw Refusal("the heads do not lie within the last axis")
    }
    operands = node.inputs.prefix(3).compactMap { $0 }
    guard operands.count == 3, let shape = graph.shape(operands[0]), shape.count == 3,
      let dtype = graph.dtype(operands[0])
    else { throw Refusal("the shape is unknown") }
    guard let width = shape[2].value, width <= op.heads * Self.largestHead,
      [.f32, .f16, .bf16].contains(dtype)
    else { throw Refusal("no kernel takes the size of a head, or the type") }
    for operand in operands {
      guard graph.sameType(operands[0], operand) else {
        throw Refusal("query, key and value differ in shape")
      }
      guard graph.soleUser(of: operand) != nil else {
        throw Refusal("'\(graph[operand].name)' is also read elsewhere")
      }
    }
    guard Set(operands).count == 3 else { throw Refusal("query, key and value are not three values") }
    mask = node.inputs.count > 3 ? node.inputs[3] : nil
    guard mask == nil || graph.shape(mask).map({ $0.count <= 4 }) ?? false else {
      throw Refusal("the mask's shape is unknown")
    }
    self.op = op
    self.shape = shape
  }

  /// Lets attention read all from one tensor.
  func replace(with packed: ValueID, _ patch: inout Patch) throws {
    let result = try patch.add(PackedAttention(op), mask.map { [packed, $0] } ?? [packed], name: node.name)
    if let output = node.outputs.first ?? nil { patch.replace(output, with: result) }
  }
}
