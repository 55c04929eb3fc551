/// `attention.cu`: scaled dot-product attention in one kernel. Operands: query, key, value, mask, output.
public struct AttentionKernel: Sendable, Hashable, Codable {
  /// Elements from one row, head and batch entry to the next.
  public struct Strides: Sendable, Hashable, Codable {
    public var row: Int
    public var head: Int
    public var batch: Int

    public init(row: Int, head: Int, batch: Int) {
      self.row = row
      self.head = head
      self.batch = batch
    }
  }

  public enum Mask: Int, Sendable, Hashable, Codable {
    /// Added to the scores, or zero where a key is hidden.
    case none = 0, added, visible
  }

  /// f16 or bf16.
  public var element: KernelElement
  public var batch: Int
  public var heads: Int
  /// Query heads that share a key head.
  public var groupSize: Int
  public var queries: Int
  public var keys: Int
  public var headSize: Int
  public var scale: Float
  public var isCausal: Bool
  public var query: Strides
  public var key: Strides
  public var value: Strides
  public var output: Strides
  public var mask: Mask
  public var maskElement: KernelElement
  /// Zero where the mask is shared.
  public var maskStrides: Strides
  public var warps: Int
  public var tileKeys: Int

  /// Operands [batch][row][head][headSize], packed.
  public init(
    element: KernelElement, batch: Int, heads: Int, groupSize: Int = 1, queries: Int, keys: Int,
    headSize: Int, scale: Float,
    isCausal: Bool = false
  ) {
    self.element = element
    self.batch = batch
    self.heads = heads
    self.groupSize = groupSize
    self.queries = queries
    self.keys = keys
    self.headSize = headSize
    self.scale = scale
    self.isCausal = isCausal
    let width = heads * headSize
    let keyWidth = heads / groupSize * headSize
    query = Strides(row: width, head: headSize, batch: queries * width)
    key = Strides(row: keyWidth, head: headSize, batch: keys * keyWidth)
    value = key
    output = query
    mask = .none
    maskElement = .f32
    maskStrides = Strides(row: 0, head: 0, batch: 0)
    warps = batch * heads * ceilDiv(queries, 64) >= 132 ? 4 : 2
    // One tile of up to 128 keys, or tiles of nearly equal size, rounded up to the 16 that the tensor cores take.
    tileKeys = ceilDiv(ceilDiv(keys, ceilDiv(keys, 128)), 16) * 16
  }

  public var refusal: String? {
    if element != .f16 && element != .bf16 { return "only halves" }
    if headSize % 16 != 0 || headSize > 128 { return "a head's size is no multiple of 16 up to 128" }
    let all = [query, key, value, output].flatMap { [$0.row, $0.head, $0.batch] }
    if all.contains(where: { $0 % 8 != 0 }) { return "rows are not aligned to 16 bytes" }
    return nil
  }

  public func spec() -> KernelSpec {
    var defines: [KernelSource.Define] = [
      .init("IN_TYPE", element.name), .init("BATCH", batch), .init("HEADS", heads), .init("QUERIES", queries),
      .init("KEYS", keys), .init("HEAD_DIM", headSize), .init("KV_GROUP", groupSize), .init("SCALE", scale),
      .init("CAUSAL", isCausal), .init("MASK", mask.rawValue), .init("MASK_TYPE", maskElement.name),
      .init("WARPS", warps),
      .init("TILE_KEYS", tileKeys),
    ]
    for (name, strides) in [("Q", query), ("K", key), ("V", value), ("O", output), ("MASK", maskStrides)] {
      defines.append(.init("\(name)_ROW", strides.row))
      defines.append(.init("\(name)_HEAD", strides.head))
      defines.append(.init("\(name)_BATCH", strides.batch))
    }
    return KernelSpec(
      source: KernelSource(file: "attention.cu", defines: defines),
      geometry: LaunchGeometry(
        grid: .init(ceilDiv(queries, 16 * warps), heads, batch), block: .init(32 * warps),
        sharedBytes: (16 * warps + 2 * (keys > tileKeys ? 2 : 1) * tileKeys) * (headSize + 8) * 2),
      parameters: ["query", "key", "value", "mask", "output"].map { .operand($0) })
  }
}
