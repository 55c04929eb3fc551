/// `gather.cu`: slices by index along one axis. Operands: input, indices, output.
public struct GatherKernel: Sendable, Hashable, Codable {
  /// Bytes of an element.
  public var elementBytes: Int
  public var outer: Int
  public var axis: Int
  public var count: Int
  public var inner: Int
  /// Bytes of an index: 4 or 8.
  public var indexBytes: Int

  public init(elementBytes: Int, outer: Int, axis: Int, count: Int, inner: Int, indexBytes: Int) {
    self.elementBytes = elementBytes
    self.outer = outer
    self.axis = axis
    self.count = count
    self.inner = inner
    self.indexBytes = indexBytes
  }

  public func spec() -> KernelSpec {
    var (bytes, words) = (elementBytes, inner)
    while bytes < 16 && words % 2 == 0 { (bytes, words) = (bytes * 2, words / 2) }
    return KernelSpec(
      source: KernelSource(
        file: "gather.cu",
        defines: [
          .init("SIZE", bytes), .init("OUTER", outer), .init("AXIS", axis), .init("COUNT", count),
          .init("INNER", words), .init("INDEX", indexBytes == 8 ? "long long" : "int"), .init("THREADS", 128),
        ]),
      geometry: LaunchGeometry(grid: .init(ceilDiv(outer * count * words, 128)), block: .init(128)),
      parameters: ["input", "indices", "output"].map { .operand($0) })
  }
}
