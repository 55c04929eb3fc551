/// `transpose.cu`: [batch][rows][columns] to [batch][columns][rows], types converted, rows padded. Operands: input, output.
public struct TransposeKernel: Sendable, Hashable, Codable {
  public var input: KernelElement
  public var output: KernelElement
  public var batch: Int
  public var rows: Int
  public var columns: Int
  /// Elements from one output row to the next; those behind `rows` are zeroed.
  public var outputStride: Int

  public init(
    input: KernelElement, output: KernelElement, batch: Int, rows: Int, columns: Int, outputStride: Int? = nil
  ) {
    self.input = input
    self.output = output
    self.batch = batch
    self.rows = rows
    self.columns = columns
    self.outputStride = outputStride ?? rows
  }

  public func spec() -> KernelSpec {
    KernelSpec(
      source: KernelSource(
        file: "transpose.cu",
        defines: [
          .init("IN_TYPE", input.name), .init("OUT_TYPE", output.name), .init("ROWS", rows),
          .init("COLUMNS", columns),
          .init("OUT_STRIDE", outputStride),
        ]),
      geometry: LaunchGeometry(
        grid: .init(ceilDiv(columns, 32), ceilDiv(outputStride, 32), batch), block: .init(32, 8)),
      parameters: [.operand("input"), .operand("output")])
  }
}

/// `permute.cu`: any permutation, slice or broadcast of up to six axes. Operands: input, output.
public struct PermuteKernel: Sendable, Hashable, Codable {
  /// Bytes of an element: 1, 2, 4, 8 or 16.
  public var elementBytes: Int
  /// Extents of the output, and the input's stride (in elements) along each.
  public var extents: [Int]
  public var strides: [Int]
  public var offset: Int
  /// Where the output is a part of a tensor: its stride along each axis, and where the part begins.
  public var outStrides: [Int]?
  public var outOffset: Int
  /// Zeros are written instead of an input.
  public var writesZeros: Bool

  public init(
    elementBytes: Int, extents: [Int], strides: [Int], offset: Int = 0, outStrides: [Int]? = nil,
    outOffset: Int = 0, writesZeros: Bool = false
  ) {
    self.elementBytes = elementBytes
    self.extents = extents
    self.strides = strides
    self.offset = offset
    self.outStrides = outStrides
    self.outOffset = outOffset
    self.writesZeros = writesZeros
  }

  public var refusal: String? {
    if extents.count > 6 { return "more than six axes" }
    return extents.reduce(1, *) > Int(UInt32.max) ? "too many elements" : nil
  }

  public func spec() -> KernelSpec {
    let missing = [Int](repeating: 1, count: 6 - extents.count)
    let count = extents.reduce(1, *)
    let list = { (values: [Int]) in values.map(String.init).joined(separator: ",") }
    var parts: [KernelSource.Define] = [.init("ZERO", writesZeros)]
    if let outStrides {
      parts.append(.init("OUT_STRIDES", list(missing.map { _ in 0 } + outStrides)))
      parts.append(.init("OUT_OFFSET", outOffset))
    }
    return KernelSpec(
      source: KernelSource(
        file: "permute.cu",
        defines: parts + [
          .init("SIZE", elementBytes), .init("EXTENTS", list(missing + extents)),
          .init("STRIDES", list(missing.map { _ in 0 } + strides)), .init("OFFSET", offset),
          .init("COUNT", count),
          .init("THREADS", 256),
        ]),
      geometry: LaunchGeometry(grid: .init(ceilDiv(count, 256)), block: .init(256)),
      parameters: [.operand("input"), .operand("output")])
  }
}
