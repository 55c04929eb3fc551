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

extension PermuteKernel {
  /// Moves a part of a tensor: axes from the outermost to the innermost by their size and the elements from one to the
  /// next where it is read and where it is written. Axes that lie one behind the other on both sides become one, and
  /// whole words of up to 16 bytes move at once where every place is a multiple of them.
  public init(
    moving axes: [(size: Int, from: Int, to: Int)], elementBytes: Int, inOffset: Int = 0, outOffset: Int = 0,
    writesZeros: Bool = false
  ) {
    var (parts, bytes, inOffset, outOffset) = (Self.merged(axes), elementBytes, inOffset, outOffset)
    while bytes < 16, let last = parts.last, last.from == 1 || writesZeros, last.to == 1, last.size % 2 == 0,
      parts.dropLast().allSatisfy({ $0.from % 2 == 0 && $0.to % 2 == 0 }), inOffset % 2 == 0,
      outOffset % 2 == 0
    {
      bytes *= 2
      parts = parts.dropLast().map { ($0.size, $0.from / 2, $0.to / 2) } + [(last.size / 2, 1, 1)]
      (inOffset, outOffset) = (inOffset / 2, outOffset / 2)
    }
    self.init(
      elementBytes: bytes, extents: parts.map(\.size), strides: parts.map { writesZeros ? 0 : $0.from },
      offset: writesZeros ? 0 : inOffset, outStrides: parts.map(\.to), outOffset: outOffset,
      writesZeros: writesZeros)
  }

  /// Neighbouring axes that lie one behind the other on both sides become one.
  private static func merged(_ axes: [(size: Int, from: Int, to: Int)]) -> [(size: Int, from: Int, to: Int)] {
    var result: [(size: Int, from: Int, to: Int)] = []
    for axis in axes where axis.size != 1 {
      if let last = result.last, last.from == axis.size * axis.from, last.to == axis.size * axis.to {
        result[result.count - 1] = (last.size * axis.size, axis.from, axis.to)
      } else {
        result.append(axis)
      }
    }
    return result
  }
}
