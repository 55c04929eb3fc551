public import ApusCore

/// Which way a recurrent layer reads its sequence.
public enum RecurrentDirection: String, Hashable, Sendable, Codable {
  case forward, reverse, bidirectional
}

/// RNN, GRU and LSTM: a cell that is applied along a sequence, in one or both directions.
///
/// Inputs: x `[length, batch, size]`, weight `[directions, gates·hidden, size]`, recurrence
/// `[directions, gates·hidden, hidden]`, optional bias `[directions, 2·gates·hidden]`, optional lengths `[batch]`,
/// optional initial state `[directions, batch, hidden]`. Outputs: all states `[length, directions, batch, hidden]` and
/// the last one. With `batchFirst` the batch axis leads in x, the initial state and all outputs.
public protocol RecurrentLayer: Operator {
  var hiddenSize: Int { get set }
  var direction: RecurrentDirection { get set }
  /// Bound of what goes into the functions; nil: none.
  var clip: Double? { get set }
  /// All functions of the first direction, then those of the second; empty: the default ones.
  var activations: [RecurrentActivation] { get set }
  var batchFirst: Bool { get set }

  static var gates: Int { get }
  static var defaultActivations: [RecurrentActivation] { get }
  /// 1, or 2 with a cell state.
  static var states: Int { get }
}

/// One direction of a layer, in double precision.
struct RecurrentCell {
  /// `[gates·hidden, size]`
  let weight: ArraySlice<Double>
  /// `[gates·hidden, hidden]`
  let recurrence: ArraySlice<Double>
  /// Biases of the input, then of the recurrence, `[2·gates·hidden]`; empty: none.
  let bias: ArraySlice<Double>
  /// Peepholes of LSTM `[3·hidden]`; empty: none.
  let peepholes: ArraySlice<Double>
  let activations: [RecurrentActivation]
  let size: Int
  let hidden: Int
  let clip: Double?

  func activate(_ function: Int, _ x: Double) -> Double {
    activations[function].apply(clip.map { min(max(x, -$0), $0) } ?? x)
  }

  /// `weight · x + bias` of one gate element.
  func input(_ row: Int, _ x: ArraySlice<Double>) -> Double {
    var sum = bias.isEmpty ? 0 : bias[bias.startIndex + row]
    for index in 0..<size { sum += weight[weight.startIndex + row * size + index] * x[x.startIndex + index] }
    return sum
  }

  /// `recurrence · h + bias` of one gate element.
  func recurrent(_ row: Int, _ h: [Double]) -> Double {
    var sum = bias.isEmpty ? 0 : bias[bias.startIndex + bias.count / 2 + row]
    for index in 0..<hidden { sum += recurrence[recurrence.startIndex + row * hidden + index] * h[index] }
    return sum
  }
}

extension RecurrentLayer {
  mutating func readRecurrent(_ node: SourceNode) throws {
    hiddenSize = try node.int("hidden_size", in: 0...Window.largest) ?? 0
    // Version 1 of GRU misspells its default.
    var name = try node.string("direction", default: "forward")
    if name == "foward" { name = "forward" }
    guard let known = RecurrentDirection(rawValue: name) else {
      throw OperatorError(
        .invalidAttribute, "unknown direction", attribute: "direction", value: name,
        allowed: "forward, reverse, bidirectional")
    }
    direction = known
    clip = try node.float("clip").flatMap { $0 > 0 ? $0 : nil }
    activations = try RecurrentActivation.list(onnx: node) ?? []
    batchFirst = try node.bool("layout", default: false)
  }

  package var directions: Int { direction == .bidirectional ? 2 : 1 }

  /// The functions of one direction's cell.
  package func functions(of direction: Int) throws -> [RecurrentActivation] {
    let count = Self.defaultActivations.count
    if activations.isEmpty { return Self.defaultActivations }
    guard activations.count >= count * directions else {
      throw OperatorError(
        .invalidAttribute, "too few functions for the cell", attribute: "activations",
        value: String(activations.count), allowed: String(count * directions))
    }
    return Array(activations[direction * count..<(direction + 1) * count])
  }

  func inferRecurrent(_ context: InferenceContext) throws -> [ValueType] {
    let x = try context.floating(0)
    for index in 1..<3 { _ = try context.floating(index) }
    for index in 0..<directions { _ = try functions(of: index) }
    let types = { (all: Shape?, last: Shape?) -> [ValueType] in
      [.tensor(x.dtype, all)] + [ValueType](repeating: .tensor(x.dtype, last), count: Self.states)
    }
    let input = try context.shape(0, rank: 3...3)
    let (weight, recurrence) = (try context.shape(1, rank: 3...3), try context.shape(2, rank: 3...3))
    var hidden: Dim = hiddenSize > 0 ? .constant(hiddenSize) : recurrence?[2] ?? context.fresh("hidden")
    if let recurrence { hidden = try unified(hidden, recurrence[2], "hidden size and recurrence") }
    for (index, given) in [weight, recurrence].enumerated() {
      guard let given else { continue }
      _ = try unified(given[0], .constant(directions), "directions of input \(index + 1)")
      _ = try unified(given[1], hidden * .constant(Self.gates), "gates of input \(index + 1)")
    }
    guard let input else { return types(nil, nil) }
    if let weight { _ = try unified(weight[2], input[2], "size of x and weight") }
    let (length, batch) = batchFirst ? (input[1], input[0]) : (input[0], input[1])
    let count = Dim.constant(directions)
    return batchFirst
      ? types([batch, length, count, hidden], [batch, count, hidden])
      : types([length, count, batch, hidden], [count, batch, hidden])
  }

  /// Runs the layer. `step` maps the states of one batch element and one input to the next states; the first state is
  /// the output.
  func evaluateRecurrent(
    _ operands: Operands, initialStates: [Int], peepholes: Int? = nil,
    step: (RecurrentCell, ArraySlice<Double>, [[Double]]) -> [[Double]]
  ) throws -> [Value] {
    let x = try operands.tensor(0, rank: 3...3)
    let (w, r) = (try operands.tensor(1, rank: 3...3), try operands.tensor(2, rank: 3...3))
    let (length, batch, size) = (x.shape[batchFirst ? 1 : 0], x.shape[batchFirst ? 0 : 1], x.shape[2])
    let hidden = r.shape[2]
    let rows = Self.gates * hidden
    try require(
      w.shape == [directions, rows, size] && r.shape == [directions, rows, hidden],
      "weights \(w.shape) and \(r.shape) do not fit x \(x.shape)")
    let (values, weights, recurrences) = (x.doubles(), w.doubles(), r.doubles())
    let biases = try optional(operands, 3, count: directions * 2 * rows)
    let peeps = try peepholes.flatMap { try optional(operands, $0, count: directions * 3 * hidden) }
    let lengths = operands.optional(4)?.integers()
    let initial = try initialStates.map { try optional(operands, $0, count: directions * batch * hidden) }
    var all = [Double](repeating: 0, count: length * directions * batch * hidden)
    var last = [[Double]](
      repeating: .init(repeating: 0, count: directions * batch * hidden), count: Self.states)
    for way in 0..<directions {
      let cell = RecurrentCell(
        weight: weights[way * rows * size..<(way + 1) * rows * size],
        recurrence: recurrences[way * rows * hidden..<(way + 1) * rows * hidden],
        bias: biases.map { $0[way * 2 * rows..<(way + 1) * 2 * rows] } ?? [],
        peepholes: peeps.map { $0[way * 3 * hidden..<(way + 1) * 3 * hidden] } ?? [],
        activations: try functions(of: way), size: size, hidden: hidden, clip: clip)
      let backwards = direction == .reverse || way == 1
      for sample in 0..<batch {
        let used = lengths.map { sample < $0.count ? min(max(Int($0[sample]), 0), length) : length } ?? length
        let place = (batchFirst ? sample * directions + way : way * batch + sample) * hidden
        var states = initial.map {
          $0.map { Array($0[place..<place + hidden]) } ?? .init(repeating: 0, count: hidden)
        }
        for time in backwards ? Array((0..<used).reversed()) : Array(0..<used) {
          let from = (batchFirst ? sample * length + time : time * batch + sample) * size
          states = step(cell, values[from..<from + size], states)
          let to =
            batchFirst
            ? ((sample * length + time) * directions + way) * hidden
            : ((time * directions + way) * batch + sample) * hidden
          all.replaceSubrange(to..<to + hidden, with: states[0])
        }
        for (index, state) in states.enumerated() {
          last[index].replaceSubrange(place..<place + hidden, with: state)
        }
      }
    }
    let (allShape, lastShape) =
      batchFirst
      ? ([batch, length, directions, hidden], [batch, directions, hidden])
      : ([length, directions, batch, hidden], [directions, batch, hidden])
    return [.tensor(Tensor(doubles: all, x.dtype, allShape))]
      + last.map { .tensor(Tensor(doubles: $0, x.dtype, lastShape)) }
  }

  private func optional(_ operands: Operands, _ index: Int, count: Int) throws -> [Double]? {
    guard let tensor = operands.optional(index) else { return nil }
    try require(
      tensor.elementCount == count, "input \(index) has \(tensor.elementCount) elements, not \(count)")
    return tensor.doubles()
  }
}
