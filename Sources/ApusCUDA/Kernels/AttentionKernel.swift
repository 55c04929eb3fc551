/// Scaled dot-product attention in one kernel: halves on the tensor cores (`attention.cu`), everything else on the FP32
/// units (`attention_simt.cu`). Operands: query, key, value, mask, output.
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

  /// f16, bf16 or f32.
  public var element: KernelElement
  public var batch: Int
  public var heads: Int
  /// Query heads that share a key head.
  public var groupSize: Int
  public var queries: Int
  public var keys: Int
  /// Elements of a head in query and key.
  public var headSize: Int
  /// Elements of a head in value and output.
  public var valueSize: Int
  public var scale: Float
  public var isCausal: Bool
  /// Whether a query that sees no key gets zeros; else NaN.
  public var zeroesNaN = false
  public var query: Strides
  public var key: Strides
  public var value: Strides
  public var output: Strides
  /// First element of the keys and of the values in their operands.
  public var keyStart = 0
  public var valueStart = 0
  public var mask: Mask
  public var maskElement: KernelElement
  /// Zero where the mask is shared.
  public var maskStrides: Strides
  /// From one key to the next: 1, or 0 where all keys share the mask.
  public var maskColumn = 1

  /// Operands [batch][row][head][headSize], packed; query and value heads of one size.
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
    valueSize = headSize
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
  }

  public var refusal: String? {
    if ![.f16, .bf16, .f32].contains(element) { return "the element type" }
    if headSize > 256 || valueSize > 256 { return "a head is larger than 256" }
    if heads > 65535 || batch > 65535 { return "too many heads" }
    return nil
  }

  /// What places of elements are multiples of.
  private var steps: [Int] {
    [query, key, value, output].flatMap { [$0.row, $0.head, $0.batch] } + [keyStart, valueStart]
  }

  /// Whether halves lie as the tensor cores' loads want them.
  private var takesTensorCores: Bool {
    element != .f32 && headSize == valueSize && headSize % 16 == 0 && headSize <= 128
      && maskColumn == 1 && steps.allSatisfy { $0 % 8 == 0 }
  }

  public func spec() -> KernelSpec { takesTensorCores ? tensorCoreSpec() : scalarSpec() }

  private func tensorCoreSpec() -> KernelSpec {
    let warps = batch * heads * ceilDiv(queries, 64) >= 132 ? 4 : 2
    // One tile of up to 128 keys, or tiles of nearly equal size, rounded up to the 16 that the tensor cores take.
    let tileKeys = ceilDiv(ceilDiv(keys, ceilDiv(keys, 128)), 16) * 16
    let shared = (16 * warps + 2 * (keys > tileKeys ? 2 : 1) * tileKeys) * (headSize + 8) * 2
    return spec(
      "attention.cu", [.init("WARPS", warps), .init("TILE_KEYS", tileKeys)],
      LaunchGeometry(
        grid: .init(ceilDiv(queries, 16 * warps), heads, batch), block: .init(32 * warps), sharedBytes: shared
      ))
  }

  private func scalarSpec() -> KernelSpec {
    let rows = batch * heads * ceilDiv(queries, 32) >= 264 ? 32 : 16
    let tileKeys = max(headSize, valueSize) > 128 || keys <= 32 ? 32 : 64
    let (pitch, valuePitch) = (ceilDiv(headSize, 4) * 4 + 4, ceilDiv(valueSize, 64) * 64)
    let vector = (steps + [headSize, valueSize]).allSatisfy { $0 % 4 == 0 } ? 4 : 1
    return spec(
      "attention_simt.cu",
      [
        .init("VALUE_DIM", valueSize), .init("MASK_COLUMN", maskColumn), .init("VECTOR", vector),
        .init("ROWS", rows), .init("TILE_KEYS", tileKeys),
      ],
      LaunchGeometry(
        grid: .init(ceilDiv(queries, rows), heads, batch), block: .init(8 * rows),
        sharedBytes: (rows * (pitch + tileKeys + 4) + tileKeys * (pitch + valuePitch)) * 4))
  }

  private func spec(_ file: String, _ own: [KernelSource.Define], _ geometry: LaunchGeometry) -> KernelSpec {
    var defines: [KernelSource.Define] = [
      .init("IN_TYPE", element.name), .init("BATCH", batch), .init("HEADS", heads), .init("QUERIES", queries),
      .init("KEYS", keys), .init("HEAD_DIM", headSize), .init("KV_GROUP", groupSize), .init("SCALE", scale),
      .init("CAUSAL", isCausal), .init("ZERO_NAN", zeroesNaN), .init("MASK", mask.rawValue),
      .init("MASK_TYPE", maskElement.name), .init("K_START", keyStart), .init("V_START", valueStart),
    ]
    for (name, strides) in [("Q", query), ("K", key), ("V", value), ("O", output), ("MASK", maskStrides)] {
      defines.append(.init("\(name)_ROW", strides.row))
      defines.append(.init("\(name)_HEAD", strides.head))
      defines.append(.init("\(name)_BATCH", strides.batch))
    }
    return KernelSpec(
      source: KernelSource(file: file, defines: defines + own), geometry: geometry,
      parameters: ["query", "key", "value", "mask", "output"].map { .operand($0) })
  }
}
