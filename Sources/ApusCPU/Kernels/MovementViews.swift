import ApusCore
package import ApusEngine
package import ApusOperators

/// The parts that an operator moves, at concrete sizes.
package struct MovementViews {
  private let context: PrepareContext
  private let shape: [Int]
  private let strides: [Int]

  package init(_ context: PrepareContext) throws {
    self.context = context
    let input = try context.input(0)
    shape = input.shape
    strides = input.layout.strides(of: shape)
  }

  private func output(_ index: Int = 0) throws -> (shape: [Int], strides: [Int]) {
    let output = try context.output(index)
    return (output.shape, output.layout.strides(of: output.shape))
  }

  /// Integers of an input that are known now.
  private func integers(_ index: Int) throws -> [Int] {
    guard let tensor = context.contents(index) else {
      throw ApusError(.internal, Problem(.internalError, "sizes of a data movement are not known in time"))
    }
    return tensor.integers().map { Int($0) }
  }

  private func optionalIntegers(_ index: Int) throws -> [Int]? {
    index < context.inputs.count && context.inputs[index] != nil ? try integers(index) : nil
  }

  package func transpose(_ op: Transpose) throws -> [MovementView] {
    let out = try output()
    let axes = try op.axes(rank: shape.count)
    return [MovementView(axes: axes.enumerated().map { (out.shape[$0], strides[$1], out.strides[$0]) })]
  }

  package func concat(axis: Int) throws -> [MovementView] {
    let out = try output()
    let axis = try normalizedAxis(axis, rank: out.shape.count)
    var start = 0
    return try context.inputs.indices.compactMap { index in
      let input = try context.input(index)
      defer { start += input.shape[axis] }
      guard input.elementCount > 0 else { return nil }
      let strides = input.layout.strides(of: input.shape)
      return MovementView(
        input: index, axes: input.shape.indices.map { (input.shape[$0], strides[$0], out.strides[$0]) },
        outOffset: start * out.strides[axis])
    }
  }

  package func split(_ op: Split) throws -> [MovementView] {
    let axis = try normalizedAxis(op.axis, rank: shape.count)
    let sizes = try op.sizes(shape[axis], try optionalIntegers(1), outputs: context.outputs.count)
    var (start, views) = (0, [MovementView]())
    for (index, size) in sizes.enumerated() {
      defer { start += size }
      guard context.outputs[index] != nil, size > 0, shape.elementCount > 0 else { continue }
      let out = try output(index)
      views.append(
        MovementView(
          output: index, axes: shape.indices.map { (out.shape[$0], strides[$0], out.strides[$0]) },
          inOffset: start * strides[axis]))
    }
    return views
  }

  package func slice() throws -> [MovementView] {
    try select(
      Slice.indices(shape, try integers(1), try integers(2), try optionalIntegers(3), try optionalIntegers(4))
    )
  }

  package func pad(_ op: Pad) throws -> [MovementView] {
    let indices = try op.indices(shape, try integers(1), axes: try optionalIntegers(3))
    guard op.mode == .constant else { return try select(indices) }
    let out = try output()
    let hasFill = context.inputs.count > 2 && (context.inputs[2]?.elementCount ?? 0) > 0
    let fill = MovementView(
      input: hasFill ? 2 : nil, axes: out.shape.indices.map { (out.shape[$0], 0, out.strides[$0]) })
    return [fill] + (try select(indices))
  }

  /// Reads index `indices[a][i]` of axis `a` for index `i` of the output; below zero: nothing is written.
  private func select(_ indices: [[Int]]) throws -> [MovementView] {
    let out = try output()
    var views = [MovementView(axes: [])]
    for (axis, list) in indices.enumerated() {
      let runs = Self.runs(list)
      views = views.flatMap { view in
        runs.map { run in
          var view = view
          view.axes.append((run.count, run.step * strides[axis], out.strides[axis]))
          view.inOffset += run.first * strides[axis]
          view.outOffset += run.place * out.strides[axis]
          return view
        }
      }
    }
    return views
  }

  private struct Run {
    var place: Int
    var first: Int
    var step = 1
    var count = 1
  }

  /// Maximal runs of evenly spaced indices; those below zero are left out.
  private static func runs(_ indices: [Int]) -> [Run] {
    var runs: [Run] = []
    for (place, index) in indices.enumerated() where index >= 0 {
      guard var last = runs.last, last.place + last.count == place else {
        runs.append(Run(place: place, first: index))
        continue
      }
      let step = index - last.first - (last.count - 1) * last.step
      if last.count == 1 || step == last.step {
        last.step = step
        last.count += 1
        runs[runs.count - 1] = last
      } else {
        runs.append(Run(place: place, first: index))
      }
    }
    return runs
  }

  package func expand() throws -> [MovementView] {
    let out = try output()
    let missing = out.shape.count - shape.count
    return [
      MovementView(
        axes: out.shape.indices.map { axis in
          let reads = axis >= missing && shape[axis - missing] != 1
          return (out.shape[axis], reads ? strides[axis - missing] : 0, out.strides[axis])
        })
    ]
  }

  package func tile() throws -> [MovementView] {
    let out = try output()
    return [
      MovementView(
        axes: shape.indices.flatMap { axis in
          [
            (size: out.shape[axis] / max(shape[axis], 1), from: 0, to: shape[axis] * out.strides[axis]),
            (size: shape[axis], from: strides[axis], to: out.strides[axis]),
          ]
        })
    ]
  }

  package func depthToSpace(_ block: Int, _ columnRowDepth: Bool) throws -> [MovementView] {
    let out = try output()
    let channels = out.shape[1]
    let (depth, cell) = columnRowDepth ? (block * block, 1) : (1, channels)
    return [
      MovementView(axes: [
        (shape[0], strides[0], out.strides[0]), (channels, depth * strides[1], out.strides[1]),
        (block, block * cell * strides[1], out.strides[2]), (block, cell * strides[1], out.strides[3]),
        (shape[2], strides[2], block * out.strides[2]), (shape[3], strides[3], block * out.strides[3]),
      ])
    ]
  }

  package func spaceToDepth(_ block: Int) throws -> [MovementView] {
    let out = try output()
    let channels = shape[1]
    return [
      MovementView(axes: [
        (shape[0], strides[0], out.strides[0]), (channels, strides[1], out.strides[1]),
        (block, strides[2], block * channels * out.strides[1]),
        (block, strides[3], channels * out.strides[1]),
        (out.shape[2], block * strides[2], out.strides[2]),
        (out.shape[3], block * strides[3], out.strides[3]),
      ])
    ]
  }
}
