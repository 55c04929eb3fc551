/// NumPy's .npy format, versions 1 to 3.
///
/// Read: bool, integers, f16 to f64, complex, text; any byte order; C and Fortran order. Raw types of one and two
/// bytes (`V1`, `V2`, as NumPy stores float8 and bfloat16) are read as unsigned integers. Pickled objects are refused.
/// Written: little-endian C order; bfloat16 and float8 as unsigned integers of their width, 2- and 4-bit types one
/// byte an element.
public enum NPYFile {
  public static func read(_ path: String) throws -> Tensor {
    try decode(FileBytes.read(path), file: path)
  }

  public static func write(_ tensor: Tensor, to path: String, durable: Bool = false) throws {
    let file = try AtomicFile(path)
    let (header, body) = encode(tensor)
    try file.write(header)
    try body.withUnsafeBytes { try file.write($0) }
    try file.commit(durable: durable)
  }

  /// A tensor that is a view into `storage` where its order allows; `file` names it in messages.
  public static func decode(_ storage: TensorStorage, file: String) throws -> Tensor {
    let reader = ByteReader(storage, file: file)
    let start = try reader.slice(0, 10)
    guard start.bytes.prefix(6).elementsEqual([0x93] + Array("NUMPY".utf8)), (1...3).contains(start.bytes[6])
    else { throw reader.damaged("not a .npy file of version 1 to 3") }
    let long = start.bytes[6] > 1
    let textCount = long ? Int(try reader.slice(8, 4).u32(0)) : Int(start.u16(8))
    let offset = long ? 12 : 10
    guard let header = NPYHeader(Array(try reader.slice(offset, textCount).bytes)) else {
      throw reader.damaged("the header is not that of a plain array")
    }
    guard let element = NPYElement(header.descr) else {
      throw reader.damaged("arrays of type '\(header.descr)' cannot be read")
    }
    let count = header.shape.elementCount
    guard count != .max, count.multipliedReportingOverflow(by: element.width).overflow == false else {
      throw reader.damaged("the shape \(header.shape) is too large")
    }
    let dataOffset = offset + textCount
    let data = try reader.slice(dataOffset, count * element.width)
    let stored = header.fortranOrder ? Array(header.shape.reversed()) : header.shape
    let tensor = element.tensor(data.bytes, shape: stored, storage: storage, offset: dataOffset)
    return header.fortranOrder ? tensor.axesReversed() : tensor
  }

  /// Header, and the tensor whose bytes follow it.
  static func encode(_ tensor: Tensor) -> (header: [UInt8], body: Tensor) {
    let (descr, body) = NPYElement.stored(tensor)
    return (NPYHeader(descr: descr, fortranOrder: false, shape: tensor.shape).encoded, body)
  }
}

extension Tensor {
  /// The axes in opposite order, as Fortran order needs.
  func axesReversed() -> Tensor {
    let target = Array(shape.reversed())
    guard rank > 1, elementCount > 0 else { return reshaped(target) }
    let order = NPYElement.fortranOrder(shape)
    if dtype == .string { return Tensor(strings: order.map { strings[$0] }, shape: target) }
    let width = dtype.bitWidth / 8
    return withUnsafeBytes { source in
      Tensor(dtype, target) { bytes in
        for (index, from) in order.enumerated() {
          let element = UnsafeRawBufferPointer(rebasing: source[from * width..<(from + 1) * width])
          UnsafeMutableRawBufferPointer(rebasing: bytes[(index * width)...]).copyMemory(from: element)
        }
      }
    }
  }
}
