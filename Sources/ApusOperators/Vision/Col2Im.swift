public import ApusCore

/// Sums sliding blocks back into pictures: `[n, c * block, blocks]` becomes `[n, c, sizes…]`. Inputs: the columns, the
/// picture's sizes, the block's sizes. ONNX Col2Im 18.
public struct Col2Im: Operator {
  /// Empty: 1 along every axis.
  public var dilations: [Int] = []
  /// All begins, then all ends. Empty: none.
  public var pads: [Int] = []
  /// Empty: 1 along every axis.
  public var strides: [Int] = []

  public static var importers: [Importer] {
    [
      .onnx("Col2Im", since: 18) { node in
        var op = Col2Im()
        op.dilations = try node.ints("dilations", in: Window.steps) ?? []
        op.pads = try node.ints("pads", in: Window.margins) ?? []
        op.strides = try node.ints("strides", in: Window.steps) ?? []
        return op
      }
    ]
  }

  public init() {}

  public func infer(_ context: InferenceContext) throws -> [ValueType] {
    let x = try context.tensor(0)
    _ = try (context.tensor(1), context.tensor(2))
    if let rank = x.rank, rank != 3 {
      throw OperatorError(.shapeMismatch, "the columns must have three axes, they have \(rank)")
    }
    let sizes = context.dims(1) ?? context.announcedRank(1).map { context.unknownShape(rank: $0, "picture") }
    guard let sizes else { return [.tensor(x.dtype, nil)] }
    let channels = x.shape.flatMap { shape in context.dims(2).map { shape[1].floorDiv($0.elementCount) } }
    return [
      .tensor(
        x.dtype, [x.shape?[0] ?? context.fresh("batch"), channels ?? context.fresh("channels")] + sizes)
    ]
  }

  public func evaluate(_ operands: Operands) throws -> [Value] {
    let x = try operands.tensor(0)
    let (sizes, block) = (try operands.sizes(1), try operands.sizes(2))
    let rank = sizes.count
    func filled(_ list: [Int], _ count: Int, _ value: Int) -> [Int] {
      list.isEmpty ? [Int](repeating: value, count: count) : list
    }
    let (strides, dilations, pads) = (
      filled(strides, rank, 1), filled(dilations, rank, 1), filled(pads, 2 * rank, 0)
    )
    let sane = -(1 << 30)...(1 << 30)
    guard (sizes + block + strides + dilations + pads).allSatisfy(sane.contains), rank > 0,
      x.rank == 3, block.count == rank, strides.count == rank, dilations.count == rank,
      pads.count == 2 * rank,
      block.allSatisfy({ $0 > 0 }), strides.allSatisfy({ $0 > 0 }), x.shape[1] % block.elementCount == 0
    else {
      throw OperatorError(
        .shapeMismatch, "columns \(x.shape) do not fit blocks \(block) of pictures \(sizes)")
    }
    let blocks: [Int] = (0..<rank).map { axis in
      let room = sizes[axis] + pads[axis] + pads[rank + axis] - dilations[axis] * (block[axis] - 1) - 1
      return room / strides[axis] + 1
    }
    guard blocks.allSatisfy({ $0 > 0 }), blocks.elementCount == x.shape[2] else {
      throw OperatorError(.shapeMismatch, "\(x.shape[2]) columns, but \(blocks) blocks fit into \(sizes)")
    }
    let result = [x.shape[0], x.shape[1] / block.elementCount] + sizes
    try ElementMap.check(result)
    let (columns, place) = (x.doubles(), sizes.rowMajorStrides)
    // Picture element of each element of a channel's columns; -1 in the padding.
    var targets: [Int] = []
    forEachIndex(block) { inside in
      forEachIndex(blocks) { outside in
        var target = 0
        for axis in 0..<rank where target >= 0 {
          let index = outside[axis] * strides[axis] - pads[axis] + inside[axis] * dilations[axis]
          target = index >= 0 && index < sizes[axis] ? target + index * place[axis] : -1
        }
        targets.append(target)
      }
    }
    var sums = [Double](repeating: 0, count: result.elementCount)
    for plane in 0..<result[0] * result[1] {
      for (index, target) in targets.enumerated() where target >= 0 {
        sums[plane * sizes.elementCount + target] += columns[plane * targets.count + index]
      }
    }
    return [.tensor(Tensor(doubles: sums, x.dtype, result))]
  }
}
