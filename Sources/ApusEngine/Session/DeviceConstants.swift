import Synchronization

/// A plan's constants in the memory of a device, uploaded when they are first needed.
final class DeviceConstants: Sendable {
  let memory: any DeviceMemory
  private let uploaded: Mutex<[ConstantReference: any DeviceAllocation]>

  init(_ memory: any DeviceMemory) {
    self.memory = memory
    uploaded = Mutex([:])
  }

  func address(
    of reference: ConstantReference, named name: String, _ bytes: UnsafeRawBufferPointer
  ) throws -> UnsafeMutableRawPointer {
    try uploaded.withLock { known in
      if let found = known[reference] { return found.address }
      let copy = try memory.allocate(bytes.count, for: "constant '\(name)'")
      try copy.write(bytes)
      known[reference] = copy
      return copy.address
    }
  }
}
