public import ApusCore

/// A kernel of any element types (`elements.cuh`) that computes items one by one: a thread for each, or a block.
public struct GeneralKernel: Sendable, Hashable {
  /// File of `KernelSources`.
  public var file: String
  /// What is computed: elements, lines or groups, as the file says.
  public var items: Int
  /// Threads of an item: 1, or a power of two up to 1024; nil where the kernel has no say in it.
  public var lanes: Int?
  public var defines: [KernelSource.Define]
  /// Names of the operands in order.
  public var operands: [String]

  public init(
    _ file: String, items: Int, lanes: Int? = nil, types: [String: DType] = [:],
    defines: [KernelSource.Define] = [], operands: [String]
  ) {
    self.file = file
    self.items = items
    self.lanes = lanes
    self.operands = operands
    let names = types.sorted { $0.key < $1.key }
    self.defines = names.map { .init($0.key, "Element_\($0.value.rawValue)") } + defines
  }

  /// Threads for `items` lines of `size` elements that lie `inner` apart: one where neighbouring threads then read
  /// neighbouring elements or lines are short, else a block's.
  public static func lanes(items: Int, size: Int, inner: Int) -> Int {
    if size <= 32 || (inner >= 32 && items >= 4096) { return 1 }
    var lanes = 32
    while lanes < 512 && lanes * 4 < size { lanes *= 2 }
    return lanes
  }

  /// Whether `elements.cuh` knows the type.
  public static func knows(_ dtype: DType) -> Bool { dtype != .string && !dtype.isComplex }

  public func spec() -> KernelSpec {
    let isAlone = (lanes ?? 1) == 1
    let threads = isAlone ? 128 : lanes ?? 1
    var all = defines + [.init("ITEMS", items), .init("THREADS", threads)]
    if let lanes { all.append(.init("LANES", lanes)) }
    return KernelSpec(
      source: KernelSource(file: file, defines: all),
      geometry: LaunchGeometry(
        grid: .init(isAlone ? ceilDiv(items, threads) : items), block: .init(threads)),
      parameters: operands.map { .operand($0) })
  }
}

extension KernelSource.Define {
  /// Numbers of an array; one `filler` where there is none.
  public init(_ name: String, list values: [Int], filler: Int = 0) {
    self.init(name, (values.isEmpty ? [filler] : values).map { "\($0)ll" }.joined(separator: ","))
  }

  /// A literal of double precision that reads back exactly.
  public init(_ name: String, _ value: Double) {
    if value.isNaN {
      self.init(name, "__longlong_as_double(0x7fffffffffffffffll)")
    } else if value.isInfinite {
      self.init(name, "__longlong_as_double(0x\(value > 0 ? "7ff" : "fff")0000000000000ll)")
    } else {
      let text = "\(value)"
      self.init(name, text.contains(".") || text.contains("e") ? text : text + ".0")
    }
  }
}
