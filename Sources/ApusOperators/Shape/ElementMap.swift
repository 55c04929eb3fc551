import ApusCore

/// Where each element of a result is read: a position in the source's row-major reading, or `fill`.
///
/// What every operator that only moves elements comes down to; it works for all element types and for contents that
/// are known before running.
struct ElementMap {
  /// The element is not read but filled in.
  static let fill = -1

  let shape: [Int]
  let positions: [Int]

  /// Throws when the result would be larger than any memory.
  init(shape: [Int], positions: () throws -> [Int]) throws {
    try Self.check(shape)
    self.shape = shape
    self.positions = try positions()
  }

  /// A separable map: along axis `a`, index `i` adds `offsets[a][i]` to the position; one `fill` fills the element.
  init(offsets: [[Int]]) throws {
    try self.init(shape: offsets.map(\.count)) {
      var positions = [0]
      for axis in offsets {
        var next: [Int] = []
        next.reserveCapacity(positions.count * axis.count)
        for position in positions {
          for offset in axis { next.append(position < 0 || offset < 0 ? Self.fill : position + offset) }
        }
        positions = next
      }
      return positions
    }
  }

  /// A separable map that reads index `indices[a][i]` of the source's axis `a`.
  init(indices: [[Int]], of source: [Int]) throws {
    let strides = source.rowMajorStrides
    try self.init(
      offsets: indices.enumerated().map { axis, list in
        list.map { $0 < 0 ? Self.fill : $0 * strides[axis] }
      })
  }

  static func check(_ shape: [Int]) throws {
    // Positions are made axis by axis, and the lists of two axes live at once; those along an axis are made beside one
    // without elements too.
    try TensorMemory.check(shape.map { max($0, 1) }, bytesPerElement: 24)
    if let size = shape.first(where: { $0 < 0 }) { try TensorMemory.check([size]) }
  }

  /// The mapped tensor; `fill` is a tensor of one element of the same type, zero (or "") when absent.
  func apply(to source: Tensor, fill: Tensor? = nil) -> Tensor {
    if source.dtype == .string {
      let blank = fill?.strings.first ?? ""
      return Tensor(strings: positions.map { $0 < 0 ? blank : source.strings[$0] }, shape: shape)
    }
    switch source.dtype.bitWidth {
    case 8: return copy(source, fill, UInt8.self)
    case 16: return copy(source, fill, UInt16.self)
    case 32: return copy(source, fill, UInt32.self)
    case 64: return copy(source, fill, UInt64.self)
    case 128: return copy(source, fill, SIMD2<UInt64>.self)
    default:
      let (bits, blank) = (source.bitPatterns(), fill?.bitPatterns().first ?? 0)
      return Tensor(bitPatterns: positions.map { $0 < 0 ? blank : bits[$0] }, source.dtype, shape)
    }
  }

  private func copy<Word: BitwiseCopyable>(_ source: Tensor, _ fill: Tensor?, _ word: Word.Type) -> Tensor {
    let size = MemoryLayout<Word>.size
    let blank = fill?.withUnsafeBytes { $0.loadUnaligned(as: Word.self) }
    return source.withUnsafeBytes { bytes in
      Tensor(source.dtype, shape) { result in
        for (index, position) in positions.enumerated() {
          if position >= 0 {
            let element = bytes.loadUnaligned(fromByteOffset: position * size, as: Word.self)
            result.storeBytes(of: element, toByteOffset: index * size, as: Word.self)
          } else if let blank {
            result.storeBytes(of: blank, toByteOffset: index * size, as: Word.self)
          }
        }
      }
    }
  }

  /// The mapped contents.
  func apply(to source: Contents, fill: Contents.Element = Contents.Element(0)) -> Contents {
    Contents(source.dtype, shape, positions.map { $0 < 0 ? fill : source.elements[$0] })
  }
}

extension Tensor {
  /// The elements of all tensors (of one type) in turn, as a vector.
  static func joined(_ tensors: [Tensor], _ dtype: DType) -> Tensor {
    let count = tensors.reduce(0) { $0 + $1.elementCount }
    if dtype == .string { return Tensor(strings: tensors.flatMap(\.strings), shape: [count]) }
    if dtype.bitWidth < 8 {
      return Tensor(bitPatterns: tensors.flatMap { $0.bitPatterns() }, dtype, [count])
    }
    return Tensor(dtype, [count]) { bytes in
      var offset = 0
      for tensor in tensors {
        tensor.withUnsafeBytes { part in
          UnsafeMutableRawBufferPointer(rebasing: bytes[offset..<offset + part.count]).copyMemory(from: part)
          offset += part.count
        }
      }
    }
  }
}

extension Operands {
  /// An integer tensor that steers an operator, as plain integers.
  func sizes(_ index: Int) throws -> [Int] { try tensor(index).integers().map { Int($0) } }

  /// As `sizes`, or nil when the input is absent.
  func optionalSizes(_ index: Int) -> [Int]? { optional(index).map { $0.integers().map { Int($0) } } }
}

extension InferenceContext {
  /// A shape of known rank whose sizes only running can tell.
  func unknownShape(rank: Int, _ hint: String) -> Shape { (0..<max(rank, 0)).map { _ in fresh(hint) } }

  /// Rank announced by the length of a shape vector.
  func announcedRank(_ index: Int) -> Int? {
    guard let shape = optional(index)?.shape, shape.count == 1, let rank = shape[0].value,
      (0...1024).contains(rank)
    else {
      return nil
    }
    return rank
  }
}

extension Dim {
  /// One size that must be equal to both; the integer wins over a symbol. Throws when two integers differ.
  static func merged(_ a: Dim, _ b: Dim, _ what: @autoclosure () -> String) throws -> Dim {
    if a == b || b.value == nil { return a }
    if a.value == nil { return b }
    throw OperatorError(.shapeMismatch, "\(what()): \(a) and \(b) differ")
  }
}
