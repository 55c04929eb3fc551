import ApusCUDA
public import ApusCore
import ApusEngine
import ApusOperators
public import ApusTactics

/// The Attention operator in all its forms: grouped heads, masks, caches, caps, scores as an output, any float type.
public struct AttentionRows: CUDATactic {
  public let name = "cuda.attention-rows"
  let context: CUDAContext
  public var operators: [any Operator.Type] { [Attention.self] }

  public func supports(_ node: TacticNode) -> Support {
    guard let dtype = node.dtype, dtype.isFloat, !dtype.isMiniFloat else { return .no("element type") }
    guard node.input(1)?.dtype == dtype, node.input(2)?.dtype == dtype else { return .no("mixed types") }
    guard [0, 1, 2].allSatisfy({ node.input($0)?.rank != nil }) else { return .no("ranks are unknown") }
    if let mask = node.input(3) {
      guard mask.dtype == .bool || (mask.dtype.isFloat && !mask.dtype.isMiniFloat), let rank = mask.rank,
        rank <= 4
      else { return .no("the mask") }
    }
    for index in 4...5 { if let past = node.input(index), past.dtype != dtype { return .no("mixed types") } }
    if let used = node.input(6), used.dtype != .i64 { return .no("type of the lengths") }
    guard node.output()?.dtype != nil else { return .no("the result is not wanted") }
    return .yes([.all(.rowMajor, node)])
  }

  /// Where rows of heads lie.
  struct HeadForm {
    var heads: Int
    var length: Int
    var size: Int
    /// From one batch entry, head and row to the next.
    var strides: [Int]

    /// `[batch, heads, length, size]`, or `[batch, length, heads * size]`.
    init(_ shape: [Int], heads given: Int?) {
      if shape.count == 4 {
        (heads, length, size) = (shape[1], shape[2], shape[3])
        strides = [heads * length * size, length * size, size]
      } else {
        heads = given ?? 1
        (length, size) = (shape[1], shape[2] / max(heads, 1))
        strides = [length * heads * size, size, heads * size]
      }
    }

    init(heads: Int, length: Int, size: Int) { self.init([1, heads, length, size], heads: nil) }
  }

  func programs(_ node: ConcreteNode) throws -> [CUDAProgram] {
    guard let op = node.op as? Attention else { throw node.missing("attention") }
    let (q, k, v) = (try node.input(0), try node.input(1), try node.input(2))
    let query = HeadForm(q.shape, heads: op.queryHeads)
    var scratch = ScratchMemory()
    var launches: [CUDAProgram.Launch] = []
    let key = try cache(node, 1, 4, HeadForm(k.shape, heads: op.keyHeads), &scratch, &launches)
    let value = try cache(node, 2, 5, HeadForm(v.shape, heads: op.keyHeads), &scratch, &launches)
    let isWide = q.dtype == .f64
    let rows = q.shape[0] * query.heads * query.length
    let scores = scratch.place(rows * key.form.length * (isWide ? 8 : 4))
    var operands: [String: CUDAProgram.Operand] = [
      "query": .input(0), "key": key.place, "value": value.place, "scores": scores, "output": .output(0),
    ]
    if node.isPresent(3) { operands["mask"] = .input(3) }
    if node.isPresent(6) { operands["used"] = .input(6) }
    if node.outputs.count > 3, node.outputs[3] != nil { operands["shown"] = .output(3) }
    let kernel = GeneralKernel(
      "attention_rows.cu", items: rows, lanes: 128,
      types: ["IN": q.dtype, "OUT": q.dtype, "MASKS": node.isPresent(3) ? try node.input(3).dtype : .bool],
      defines: try defines(op, node, query, key.form, value.form)
        + [
          .init("SUMS", isWide ? "double" : "float"),
          .init("PAST", node.isPresent(4) ? try node.input(4).shape[2] : 0),
        ],
      operands: ["query", "key", "value", "mask", "used", "scores", "shown", "output"])
    launches.append(.init(spec: kernel.spec(), operands: operands))
    return [CUDAProgram("attention by rows", launches, temporaryBytes: scratch.bytes)]
  }

  private func defines(
    _ op: Attention, _ node: ConcreteNode, _ query: HeadForm, _ key: HeadForm, _ value: HeadForm
  ) throws -> [KernelSource.Define] {
    let batch = try node.input(0).shape[0]
    let output = HeadForm(try node.output().shape, heads: op.queryHeads)
    var mask = (kind: 0, keys: key.length, strides: [0, 0, 0, 0])
    if node.isPresent(3) {
      let given = try node.input(3)
      mask.kind = given.dtype == .bool ? 2 : 1
      mask.keys = given.shape.last ?? key.length
      mask.strides = Broadcasting.strides(
        of: given.shape, over: [batch, query.heads, query.length, mask.keys])
    }
    return [
      .init("HEADS", query.heads), .init("SHARE", query.heads / max(1, key.heads)),
      .init("ROWS", query.length), .init("KEYS", "\(key.length)ll"), .init("HEAD_SIZE", query.size),
      .init("VALUE_SIZE", value.size), .init("SCALE", op.scale ?? 1 / Double(query.size).squareRoot()),
      .init("SOFTCAP", op.softcap), .init("CAUSAL", op.causal), .init("MASK", mask.kind),
      .init("MASK_KEYS", mask.keys), .init("MASK_STRIDES", list: mask.strides),
      .init("Q_STRIDES", list: query.strides), .init("K_STRIDES", list: key.strides),
      .init("V_STRIDES", list: value.strides), .init("OUT_STRIDES", list: output.strides),
      .init("SHOWN", op.scoresStage.rawValue),
    ]
  }

  /// Keys or values with those of the cache before them, in memory of their own where there is a cache or where they
  /// are an output.
  private func cache(
    _ node: ConcreteNode, _ index: Int, _ past: Int, _ form: HeadForm, _ scratch: inout ScratchMemory,
    _ launches: inout [CUDAProgram.Launch]
  ) throws -> (form: HeadForm, place: CUDAProgram.Operand) {
    let isShown = index < node.outputs.count && node.outputs[index] != nil
    guard node.isPresent(past) || isShown else { return (form, .input(index)) }
    let input = try node.input(index)
    let before = node.isPresent(past) ? try node.input(past).shape[2] : 0
    let all = HeadForm(heads: form.heads, length: before + form.length, size: form.size)
    let bytes = input.dtype.bitWidth / 8
    let batch = input.shape[0]
    let place = isShown ? .output(index) : scratch.place(batch * all.strides[0] * bytes)
    func copy(_ source: Int, _ from: HeadForm, at start: Int) throws {
      guard from.length > 0 else { return }
      let kernel = PermuteKernel(
        elementBytes: bytes, extents: [batch, form.heads, from.length, form.size],
        strides: from.strides + [1], outStrides: all.strides + [1], outOffset: start * form.size)
      if let reason = kernel.refusal { throw node.refusal(reason) }
      launches.append(.init(spec: kernel.spec(), operands: ["input": .input(source), "output": place]))
    }
    if before > 0 { try copy(past, HeadForm(heads: form.heads, length: before, size: form.size), at: 0) }
    try copy(index, form, at: before)
    return (all, place)
  }
}

/// Scratch memory of a program, shared out among its launches.
struct ScratchMemory {
  private(set) var bytes = 0

  mutating func place(_ count: Int) -> CUDAProgram.Operand {
    defer { bytes = (bytes + count + 255) / 256 * 256 }
    return .temporary(bytes)
  }
}
