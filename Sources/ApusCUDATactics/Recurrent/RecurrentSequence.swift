import ApusCUDA
public import ApusCore
import ApusEngine
import ApusOperators
public import ApusTactics

/// RNN, GRU and LSTM: a block walks one sequence in one direction, its threads share out the hidden elements.
public struct RecurrentSequence: CUDATactic {
  public let name = "cuda.recurrent"
  let context: CUDAContext
  public var operators: [any Operator.Type] { [GRU.self, LSTM.self, RNN.self] }

  public func supports(_ node: TacticNode) -> Support {
    node.generalRefusal(types: { $0.isComputed || $0 == .i32 }).map { .no($0) }
      ?? .yes([.all(.rowMajor, node)])
  }

  func programs(_ node: ConcreteNode) throws -> [CUDAProgram] {
    guard let layer = node.op as? any RecurrentLayer else { throw node.missing("a cell") }
    let sizes = try Sizes(layer, node)
    let names = ["x", "w", "r", "bias", "lengths", "start", "memory", "peepholes"]
    var operands: [ElementLoop.Operand] = []
    for (index, name) in names.enumerated() where node.isPresent(index) {
      operands.append(try .read(name, index, node))
    }
    for (index, name) in ["y", "last", "last_memory"].enumerated()
    where index < node.outputs.count && node.outputs[index] != nil {
      operands.append(try .write(name, index, node))
    }
    let present = Set(operands.map(\.name))
    let wide = try node.input(0).dtype == .f64 ? "double" : "float"
    guard sizes.hidden * (wide == "double" ? 8 : 4) * 5 <= 48 << 10 else {
      throw node.refusal("the state does not fit into shared memory")
    }
    let threads = min(256, (sizes.hidden + 31) / 32 * 32)
    let loop = ElementLoop(
      name: "recurrent", axes: [sizes.directions, sizes.batch], operands: operands,
      body: try body(layer, sizes, present, wide, threads), prologue: try prologue(layer, wide),
      threads: threads,
      isPerBlock: true)
    return [try loop.program(node)]
  }

  private struct Sizes {
    let (directions, batch, length, size, hidden, gates): (Int, Int, Int, Int, Int, Int)

    init(_ layer: some RecurrentLayer, _ node: ConcreteNode) throws {
      let (x, r) = (try node.input(0).shape, try node.input(2).shape)
      directions = layer.directions
      (length, batch) = layer.batchFirst ? (x[1], x[0]) : (x[0], x[1])
      (size, hidden, gates) = (x[2], r[2], type(of: layer).gates)
    }
  }

  /// The functions of the cell, by direction and number.
  private func prologue(_ layer: some RecurrentLayer, _ wide: String) throws -> String {
    let clip =
      layer.clip.map { "x = fmin(fmax(x, (\(wide))\(literal(-$0))), (\(wide))\(literal($0)));" } ?? ""
    var cases: [String] = []
    for way in 0..<layer.directions {
      for (number, function) in try layer.functions(of: way).enumerated() {
        cases.append("case \(way * 4 + number): return (\(wide))(\(expression(function)));")
      }
    }
    return """
      typedef \(wide) W;
      __device__ inline W activate(int way, int number, W x) {
      \(clip)
      switch (way * 4 + number) {
      \(cases.joined(separator: "\n"))
      }
      return x;
      }
      """
  }

  private func expression(_ function: RecurrentActivation) -> String {
    let (alpha, beta) = ("(W)\(literal(function.alpha))", "(W)\(literal(function.beta))")
    switch function.kind {
    case .relu: return "x > 0 ? x : 0"
    case .tanh: return "tanh(x)"
    case .sigmoid: return "1 / (1 + exp(-x))"
    case .affine: return "\(alpha) * x + \(beta)"
    case .leakyRelu: return "x < 0 ? \(alpha) * x : x"
    case .thresholdedRelu: return "x >= \(alpha) ? x : 0"
    case .scaledTanh: return "\(alpha) * tanh(\(beta) * x)"
    case .hardSigmoid: return "fmin(fmax(\(alpha) * x + \(beta), (W)0), (W)1)"
    case .elu: return "x < 0 ? \(alpha) * expm1(x) : x"
    case .softsign: return "x / (1 + fabs(x))"
    case .softplus: return "fmax(x, (W)0) + log1p(exp(-fabs(x)))"
    }
  }

  private func body(
    _ layer: some RecurrentLayer, _ s: Sizes, _ present: Set<String>, _ wide: String, _ threads: Int
  ) throws -> String {
    let rows = s.gates * s.hidden
    let each = "for (int j = threadIdx.x; j < \(s.hidden); j += \(threads))"
    let first = layer.batchFirst
    let place = first ? "(i1 * \(s.directions) + i0)" : "(i0 * \(s.batch) + i1)"
    let from = first ? "(i1 * \(s.length)ll + time)" : "(time * \(s.batch) + i1)"
    let to =
      first
      ? "((i1 * \(s.length)ll + time) * \(s.directions) + i0)"
      : "((time * \(s.directions) + i0) * \(s.batch) + i1)"
    let backwards =
      layer.direction == .reverse ? "true" : layer.direction == .bidirectional ? "i0 == 1" : "false"
    let initial = { (name: String) in
      present.contains(name) ? "T_\(name)::load(\(name), \(place) * \(s.hidden) + j)" : "0"
    }
    let bias = { (offset: Int) in
      present.contains("bias") ? "T_bias::load(bias, i0 * \(2 * rows) + \(offset) + row)" : "(W)0"
    }
    let isMemory = layer is LSTM
    let output = present.contains("y") ? "T_y::put(y, \(to) * \(s.hidden) + j, next[j]);" : ""
    return """
      __shared__ W h[\(s.hidden)], c[\(s.hidden)], next[\(s.hidden)], update[\(s.hidden)], reset[\(s.hidden)];
      const int way = (int)i0;
      long long used = \(present.contains("lengths") ? "T_lengths::load(lengths, i1)" : "\(s.length)");
      used = used < 0 ? 0 : used > \(s.length) ? \(s.length) : used;
      \(each) {
      h[j] = \(initial("start"));
      c[j] = \(isMemory ? initial("memory") : "0");
      \(present.contains("y") ? "for (long long time = used; time < \(s.length); time++) T_y::put(y, \(to) * \(s.hidden) + j, 0);" : "")
      }
      __syncthreads();
      const auto input = [&](long long time, int row) {
      W sum = \(bias(0));
      for (int k = 0; k < \(s.size); k++)
      sum += (W)T_w::load(w, (i0 * \(rows) + row) * \(s.size)ll + k) * (W)T_x::load(x, \(from) * \(s.size) + k);
      return sum;
      };
      const auto recurrent = [&](const W *state, int row) {
      W sum = \(bias(rows));
      for (int k = 0; k < \(s.hidden); k++) sum += (W)T_r::load(r, (i0 * \(rows) + row) * \(s.hidden)ll + k) * state[k];
      return sum;
      };
      for (long long step = 0; step < used; step++) {
      const long long time = \(backwards) ? used - 1 - step : step;
      \(cell(layer, s, present, each))
      __syncthreads();
      \(each) {
      h[j] = next[j];
      \(output)
      }
      __syncthreads();
      }
      \(each) {
      \(present.contains("last") ? "T_last::put(last, \(place) * \(s.hidden) + j, h[j]);" : "")
      \(present.contains("last_memory") ? "T_last_memory::put(last_memory, \(place) * \(s.hidden) + j, c[j]);" : "")
      }
      """
  }

  /// One step: `next` from `h` and the input.
  private func cell(_ layer: some RecurrentLayer, _ s: Sizes, _ present: Set<String>, _ each: String)
    -> String
  {
    let n = s.hidden
    func gate(_ number: Int) -> String { "input(time, \(number * n) + j) + recurrent(h, \(number * n) + j)" }
    switch layer {
    case let lstm as LSTM:
      func peephole(_ number: Int, _ x: String) -> String {
        guard present.contains("peepholes") else { return "" }
        return " + (W)T_peepholes::load(peepholes, i0 * \(3 * n) + \(number * n) + j) * \(x)"
      }
      return """
        \(each) {
        const W entering = activate(way, 0, \(gate(0))\(peephole(0, "c[j]")));
        const W kept = \(lstm.couplesForget ? "1 - entering" : "activate(way, 0, \(gate(2))\(peephole(2, "c[j]")))");
        const W after = kept * c[j] + entering * activate(way, 1, \(gate(3)));
        const W shown = activate(way, 0, \(gate(1))\(peephole(1, "after")));
        c[j] = after;
        next[j] = shown * activate(way, 2, after);
        }
        """
    case let gru as GRU:
      let product =
        gru.linearBeforeReset ? "reset[j] * recurrent(h, \(2 * n) + j)" : "recurrent(c, \(2 * n) + j)"
      return """
        \(each) {
        update[j] = activate(way, 0, \(gate(0)));
        reset[j] = activate(way, 0, \(gate(1)));
        c[j] = reset[j] * h[j];
        }
        __syncthreads();
        \(each) {
        const W fresh = activate(way, 1, input(time, \(2 * n) + j) + \(product));
        next[j] = (1 - update[j]) * fresh + update[j] * h[j];
        }
        """
    default: return "\(each) next[j] = activate(way, 0, \(gate(0)));"
    }
  }
}
