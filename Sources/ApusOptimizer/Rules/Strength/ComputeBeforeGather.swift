public import ApusCore
import ApusOperators

/// Computes on a whole constant table once, instead of on the rows that are picked from it at every run.
///
/// ```
/// %a: f32[n,4] = Gather(%table, %index: i64[n])
/// %y: f32[n,4] = Mul(%a, 0.5)
/// ```
/// becomes
/// ```
/// %t = Mul(%table, 0.5)
/// %y: f32[n,4] = Gather(%t, %index)
/// ```
/// Column picks, elementwise functions and Unsqueeze of rows move, also when two tables are read at one index. Rows
/// along the first axis only, and tables of up to a million elements.
public struct ComputeBeforeGather: Rule {
  public struct Finding {
    let table: Tensor
    let index: ValueID
    let nodes: [NodeID]
  }

  static let largest = 1 << 20

  public init() {}

  public var patterns: [Pattern] {
    [
      .anyOf(
        [
          Add.self, Sub.self, Mul.self, Div.self, Exp.self, Log.self, Sqrt.self, Neg.self, Cast.self,
          Max.self, Min.self,
          Gather.self, Slice.self, Reshape.self, Unsqueeze.self,
        ], "y")
    ]
  }

  public func check(_ match: Match, in graph: Graph) throws(Refusal) -> Finding {
    let node = graph[match.node("y")]
    guard node.outputs.count == 1, let result = graph.shape(match.value("y")) else {
      throw Refusal("no shape")
    }
    var operands: [Tensor?] = []
    var index: ValueID?
    var nodes: [NodeID] = []
    var rows = 0
    for (place, input) in node.inputs.enumerated() {
      guard let input else {
        operands.append(nil)
        continue
      }
      if let tensor = graph[input].constant {
        operands.append(tensor)
        continue
      }
      guard let pick = graph.producer(of: input), let gather = pick.op as? Gather, gather.axis == 0,
        let table = graph.constant(pick.inputs[0]), let chosen = pick.inputs[1],
        graph.shape(chosen)?.count == 1,
        table.elementCount <= Self.largest, index == nil || index == chosen,
        place == 0 || !Self.movesData(node.op)
      else { throw Refusal("'\(graph[input].name)' is no row picked from a constant table") }
      if let rows = operands.isEmpty
        ? nil : nodes.first.flatMap({ graph.constant(graph[$0].inputs[0])?.shape[0] }),
        rows != table.shape[0]
      {
        throw Refusal("the tables differ in length")
      }
      index = chosen
      rows = table.shape[0]
      operands.append(table)
      nodes.append(pick.id)
    }
    guard let index else { throw Refusal("nothing is picked from a table") }
    guard let picks = graph.shape(index)?[0], result.first == picks else {
      throw Refusal("rows do not stay rows")
    }
    let table = try computed(node, operands, rows: rows, rank: result.count, in: graph)
    guard table.shape.first == rows, Shape(Array(table.shape.dropFirst())) == Shape(result.dropFirst()) else {
      throw Refusal("rows do not stay rows")
    }
    return Finding(table: table, index: index, nodes: nodes)
  }

  private static func movesData(_ op: any Operator) -> Bool { op.traits.contains(.movesData) }

  /// The node on the whole table.
  private func computed(_ node: Graph.Node, _ given: [Tensor?], rows: Int, rank: Int, in graph: Graph)
    throws(Refusal) -> Tensor
  {
    var operands = given
    switch node.op {
    case let op as Gather where op.axis == 0 || given[0]?.rank == 1 || given[1]?.rank != 0:
      throw Refusal("other rows are picked")
    case is Gather: break
    case is Slice:
      let axes = given.count > 3 ? given[3]?.integers() : nil
      guard let axes, !axes.contains(0), axes.allSatisfy({ $0 > 0 }) else {
        throw Refusal("rows are cut off")
      }
    case is Reshape, is Unsqueeze:
      guard let shape = graph.shape(graph[node.id].outputs[0])?.dropFirst(), let table = given[0] else {
        throw Refusal("no shape")
      }
      let sizes = shape.compactMap(\.value)
      guard sizes.count == shape.count, sizes.elementCount * rows == table.elementCount else {
        throw Refusal("rows do not stay rows")
      }
      return table.reshaped([rows] + sizes)
    default:
      for (place, tensor) in given.enumerated() {
        let isTable = node.inputs[place].map { graph[$0].constant == nil } ?? false
        guard let tensor, tensor.rank <= rank,
          isTable ? tensor.rank == rank : tensor.rank < rank || tensor.shape[0] == 1
        else { throw Refusal("a constant has a number for each row") }
        operands[place] = tensor
      }
    }
    guard let result = try? node.op.evaluate(Operands(operands)).first?.tensor,
      result.elementCount <= Self.largest
    else { throw Refusal("the table cannot be computed") }
    return result
  }

  public func rewrite(_ match: Match, _ finding: Finding, _ patch: inout Patch) throws {
    patch.absorb(finding.nodes)
    let table = patch.constant(finding.table)
    patch.replace(match.value("y"), with: try patch.add(Gather(axis: 0), [table, finding.index]))
  }
}
