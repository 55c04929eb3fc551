public import ApusCore
import ApusOperators

/// Runs the heads of a detector, which apply the same convolutions to every level of a pyramid, once for all levels:
/// small levels alone leave most of a large device idle.
///
/// ```
/// %a1 = Conv(%x1, %w, %b) …        %a2 = Conv(%x2, %w, %b) …
/// %y1 = Reshape(Transpose(%a1))    %y2 = Reshape(Transpose(%a2))
/// %y = Concat(%y1, %y2) {axis: 1}
/// ```
/// becomes
/// ```
/// %x = Concat(Reshape(Transpose(%x1)), Reshape(Transpose(%x2))) {axis: 1}
/// %y = Reshape(PyramidConv(%x, %w, %b) …)
/// ```
public struct MergePyramidLevels: Rule {
  public struct Finding {
    /// In the order of their run.
    fileprivate(set) var layers: [Layer] = []
    fileprivate(set) var absorbed: [NodeID] = []
    /// Size of the result's last axis.
    fileprivate(set) var columns = 0
  }

  /// A convolution of all levels.
  struct Layer {
    let op: PyramidConv
    let weight: ValueID
    let bias: ValueID?
    let name: String
    let channels: Int
    let made: Int
    /// What goes into it, level by level.
    let sources: [ValueID]
    let nodes: [NodeID]
  }

  /// `[N, C, H, W]` to `[N, H, W, C]`.
  private static let channelsLast = [0, 2, 3, 1]

  public init() {}

  public var patterns: [Pattern] { [.op(Concat.self, "concat")] }

  public func check(_ match: Match, in graph: Graph) throws(Refusal) -> Finding {
    let node = graph[match.node("concat")]
    guard let concat = node.op as? Concat, [1, -2].contains(concat.axis), node.inputs.count > 1 else {
      throw Refusal("no pixels are joined")
    }
    var finding = Finding()
    var results: [ValueID] = []
    for input in node.inputs {
      results.append(try result(of: input, in: graph, &finding))
    }
    guard var layer = convolutions(results, in: graph) else {
      throw Refusal("the levels are not convolutions of the same weights that keep their size")
    }
    guard layer.made % finding.columns == 0 else { throw Refusal("rows are of several pixels") }
    while true {
      finding.layers.insert(layer, at: 0)
      finding.absorbed += layer.nodes
      guard let before = convolutions(layer.sources, in: graph) else { break }
      layer = before
    }
    return finding
  }

  /// The convolution's result that a Transpose and a Reshape make rows of.
  private func result(of value: ValueID?, in graph: Graph, _ finding: inout Finding) throws(Refusal)
    -> ValueID
  {
    guard let value, let reshape = graph.producer(of: value), reshape.op is Reshape,
      let rows = reshape.inputs[0], graph.soleUser(of: value) != nil, graph.soleUser(of: rows) != nil,
      let transpose = graph.producer(of: rows), let op = transpose.op as? Transpose,
      op.permutation == Self.channelsLast, let result = transpose.inputs[0]
    else { throw Refusal("a part is no reshaped, transposed result") }
    guard let shape = graph[value].type.tensor?.shape, shape.count == 3, let columns = shape[2].value,
      let images = graph[rows].type.tensor?.shape?.first, images == shape[0], columns > 0,
      finding.columns == 0 || finding.columns == columns
    else { throw Refusal("parts have rows of different size, or of several pictures") }
    finding.columns = columns
    finding.absorbed += [reshape.id, transpose.id]
    return result
  }

  /// The layer whose results these are, one for each level, used once; nil where they are not of one.
  private func convolutions(_ results: [ValueID], in graph: Graph) -> Layer? {
    let nodes = results.compactMap { graph.soleUser(of: $0) == nil ? nil : graph.producer(of: $0) }
    guard nodes.count == results.count, Set(nodes.map(\.id)).count == nodes.count, let first = nodes.first,
      let conv = first.op as? Conv, conv.group == 1, conv.autoPad == .notSet,
      conv.strides.allSatisfy({ $0 == 1 }), conv.pads.prefix(2) == conv.pads.suffix(2),
      let weight = first.inputs[1], let kernel = graph.constant(weight), kernel.rank == 4,
      first.inputs.count < 4 || first.inputs[3] == nil
    else { return nil }
    let bias = first.inputs.count > 2 ? first.inputs[2] : nil
    guard bias == nil || graph.constant(bias) != nil else { return nil }
    var levels: [(height: Int, width: Int)] = []
    for node in nodes {
      guard let other = node.op as? Conv, other == conv,
        node.inputs.dropFirst().elementsEqual(first.inputs.dropFirst()),
        let x = node.inputs[0], let input = graph[x].type.tensor?.shape, input.count == 4,
        let output = node.outputs[0].flatMap({ graph[$0].type.tensor?.shape }), input[2...] == output[2...],
        let height = input[2].value, let width = input[3].value
      else { return nil }
      levels.append((height, width))
    }
    return Layer(
      op: PyramidConv(conv: conv, levels: levels), weight: weight, bias: bias, name: first.name,
      channels: kernel.shape[1], made: kernel.shape[0], sources: nodes.compactMap { $0.inputs[0] },
      nodes: nodes.map(\.id))
  }

  public func rewrite(_ match: Match, _ finding: Finding, _ patch: inout Patch) throws {
    guard let first = finding.layers.first, let last = finding.layers.last else { return }
    patch.absorb(finding.absorbed)
    var parts: [ValueID] = []
    for (level, source) in first.sources.enumerated() {
      let moved = try patch.add(Transpose(Self.channelsLast), [source])
      let target = [0, Int64(first.op.heights[level] * first.op.widths[level]), Int64(first.channels)]
      parts.append(try patch.add(Reshape(), [moved, patch.constant(Tensor(target))]))
    }
    var value = try patch.add(Concat(axis: 1), parts)
    for layer in finding.layers {
      value = try patch.add(layer.op, [value, layer.weight, layer.bias], name: layer.name)
    }
    let rows = last.op.pixels * (last.made / finding.columns)
    let target = [0, Int64(rows), Int64(finding.columns)]
    patch.replace(
      match.value("concat"), with: try patch.add(Reshape(), [value, patch.constant(Tensor(target))]))
  }
}
