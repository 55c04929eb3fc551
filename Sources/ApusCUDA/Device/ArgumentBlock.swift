/// One parameter of a kernel.
public enum KernelArgument: Sendable, Hashable {
  case address(DeviceAddress)
  case integer(Int32)
  case float(Float)
  case tensorMap(TensorMap)

  var byteCount: Int {
    switch self {
    case .address: 8
    case .integer, .float: 4
    case .tensorMap: TensorMap.byteCount
    }
  }
}

/// Parameters of a kernel in the form that the driver reads, made once and launched often.
public struct ArgumentBlock: ~Copyable {
  let pointers: UnsafeMutablePointer<UnsafeMutableRawPointer?>
  private let storage: UnsafeMutableRawPointer
  /// How many parameters there are.
  public let count: Int

  public init(_ arguments: [KernelArgument]) {
    // Every parameter on a boundary of 64 bytes, which tensor maps need.
    let slots = arguments.map { ($0.byteCount + 63) / 64 * 64 }
    storage = .allocate(byteCount: max(64, slots.reduce(0, +)), alignment: 64)
    pointers = .allocate(capacity: max(1, arguments.count))
    count = arguments.count
    var offset = 0
    for (index, argument) in arguments.enumerated() {
      let slot = storage + offset
      pointers[index] = slot
      switch argument {
      case .address(let value): slot.storeBytes(of: value, as: DeviceAddress.self)
      case .integer(let value): slot.storeBytes(of: value, as: Int32.self)
      case .float(let value): slot.storeBytes(of: value, as: Float.self)
      case .tensorMap(let value):
        for (word, bits) in value.words.enumerated() {
          slot.storeBytes(of: bits, toByteOffset: word * 8, as: UInt64.self)
        }
      }
      offset += slots[index]
    }
  }

  deinit {
    pointers.deallocate()
    storage.deallocate()
  }
}
