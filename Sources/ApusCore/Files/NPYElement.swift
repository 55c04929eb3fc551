/// An element type of NumPy: byte order, kind and width in bytes.
struct NPYElement {
  let bigEndian: Bool
  let dtype: DType
  let width: Int

  /// From a `descr` such as `<f4`, `|b1`, `>i8`, `<U12`.
  init?(_ descr: String) {
    var text = Substring(descr)
    let order = text.first
    if let order, "<>|=".contains(order) { text.removeFirst() }
    guard let kind = text.popFirst(), let number = Int(text), number > 0 else { return nil }
    guard let dtype = NPYElement.types["\(kind)\(number)"] ?? ("SU".contains(kind) ? .string : nil) else {
      return nil
    }
    let (width, overflow) = number.multipliedReportingOverflow(by: kind == "U" ? 4 : 1)
    guard !overflow else { return nil }
    self.dtype = dtype
    self.width = width
    bigEndian = order == ">"
    isUTF32 = kind == "U"
  }

  private let isUTF32: Bool

  private static let types: [String: DType] = [
    "b1": .bool, "?": .bool, "i1": .i8, "i2": .i16, "i4": .i32, "i8": .i64,
    "u1": .u8, "u2": .u16, "u4": .u32, "u8": .u64, "f2": .f16, "f4": .f32, "f8": .f64,
    "c8": .c64, "c16": .c128, "V1": .u8, "V2": .u16,
  ]

  /// The elements in `bytes`, which lie at `offset` of `storage`.
  func tensor(_ bytes: UnsafeRawBufferPointer, shape: [Int], storage: TensorStorage, offset: Int) -> Tensor {
    if dtype == .string { return strings(bytes, shape) }
    let plain = Tensor(dtype: dtype, shape: shape, storage: storage, byteOffset: offset)
    // Bytes other than 0 and 1 are not Bool values in Swift.
    if dtype == .bool { return Tensor(bytes.map { $0 != 0 }, shape: shape) }
    return bigEndian && width > 1 ? swapped(plain) : plain
  }

  private func swapped(_ tensor: Tensor) -> Tensor {
    let part = dtype.isComplex ? width / 2 : width
    return tensor.withUnsafeBytes { source in
      Tensor(dtype, tensor.shape) { target in
        for index in source.indices { target[index] = source[index / part * part + part - 1 - index % part] }
      }
    }
  }

  private func strings(_ bytes: UnsafeRawBufferPointer, _ shape: [Int]) -> Tensor {
    let strings = (0..<shape.elementCount).map { index in
      let cell = UnsafeRawBufferPointer(rebasing: bytes[index * width..<(index + 1) * width])
      guard isUTF32 else {
        let end = cell.lastIndex { $0 != 0 }.map { $0 + 1 } ?? 0
        return String(decoding: cell[..<end], as: UTF8.self)
      }
      let scalars = stride(from: 0, to: width, by: 4).map { at in
        let code = cell.loadUnaligned(fromByteOffset: at, as: UInt32.self)
        return bigEndian ? UInt32(bigEndian: code) : UInt32(littleEndian: code)
      }
      let end = scalars.lastIndex { $0 != 0 }.map { $0 + 1 } ?? 0
      return String(decoding: scalars[..<end], as: UTF32.self)
    }
    return Tensor(strings: strings, shape: shape)
  }

  /// The `descr` a tensor is saved under and the bytes to save.
  static func stored(_ tensor: Tensor) -> (descr: String, bytes: Tensor) {
    switch tensor.dtype {
    case .string: return text(tensor)
    case .bool: return ("|b1", tensor)
    case .c64, .c128: return ("<c\(tensor.dtype.bitWidth / 8)", tensor)
    case .f16, .f32, .f64: return ("<f\(tensor.dtype.bitWidth / 8)", tensor)
    case .bf16: return ("<u2", tensor)
    case .i2, .i4: return ("|i1", Tensor(integers: tensor.integers(), .i8, tensor.shape))
    case _ where tensor.dtype.bitWidth < 8:
      return ("|u1", Tensor(bitPatterns: tensor.bitPatterns(), .u8, tensor.shape))
    default:
      let order = tensor.dtype.bitWidth == 8 ? "|" : "<"
      return ("\(order)\(tensor.dtype.isSignedInteger ? "i" : "u")\(tensor.dtype.bitWidth / 8)", tensor)
    }
  }

  private static func text(_ tensor: Tensor) -> (descr: String, bytes: Tensor) {
    let length = max(1, tensor.strings.map(\.unicodeScalars.count).max() ?? 1)
    let cells = tensor.strings.flatMap { string in
      let scalars = string.unicodeScalars.map(\.value)
      return scalars + [UInt32](repeating: 0, count: length - scalars.count)
    }
    return ("<U\(length)", Tensor(cells))
  }

  /// For each element in row-major order of the reversed shape, its index in row-major order of `shape`.
  static func fortranOrder(_ shape: [Int]) -> [Int] {
    let strides = Array(shape.rowMajorStrides.reversed())
    let target = Array(shape.reversed())
    var position = [Int](repeating: 0, count: target.count)
    var from = 0
    return (0..<target.elementCount).map { _ in
      let here = from
      var axis = target.count - 1
      while axis >= 0 {
        position[axis] += 1
        from += strides[axis]
        if position[axis] < target[axis] { break }
        from -= strides[axis] * target[axis]
        position[axis] = 0
        axis -= 1
      }
      return here
    }
  }
}
