import ApusCore

extension BoundPlan {
  /// Points the plan at the inputs' memory; the tensors must outlive the run.
  func attach(inputs: [Value?]) {
    for (position, index) in plan.inputs.enumerated() {
      guard let value = inputs[position] else { continue }
      guard let tensor = value.tensor, tensor.dtype != .string else {
        lateValues[index] = value
        continue
      }
      attached[position] = tensor
      setAddress(of: index, UnsafeMutableRawPointer(mutating: tensor.storage.base + tensor.byteOffset))
    }
  }

  /// Memory for every output whose size is known and that the caller does not keep on the device; `lasting` ones are
  /// where the device's copies reach them without a detour.
  func freshOutputs(lasting: Bool = false) -> [Value?] {
    plan.outputs.enumerated().map { position, index in
      guard let descriptor = descriptors[index], descriptor.dtype != .string,
        external.outputs[position] == nil
      else { return nil }
      if lasting, let staged = try? device?.memory.allocateHost(descriptor.byteCount) {
        return .tensor(Tensor(staged: staged, descriptor.dtype, descriptor.shape))
      }
      return .tensor(Tensor(descriptor.dtype, descriptor.shape))
    }
  }

  func setAddresses(of outputs: [Value?]) {
    for (position, index) in plan.outputs.enumerated() where isFirstOfOwner(position) {
      guard directOutputs.contains(owner[index]), let tensor = outputs[position]?.tensor else { continue }
      setAddress(of: index, UnsafeMutableRawPointer(mutating: tensor.storage.base + tensor.byteOffset))
    }
  }

  func withAddresses(of outputs: [Value?], _ body: () throws -> Void) throws {
    setAddresses(of: outputs)
    try withExtendedLifetime(outputs) { try body() }
    copyIndirectOutputs(outputs)
  }

  /// Of several outputs with one memory, the first is computed in place, the others are copies.
  private func isFirstOfOwner(_ position: Int) -> Bool {
    let wanted = owner[plan.outputs[position]]
    return plan.outputs.firstIndex { owner[$0] == wanted } == position
  }

  /// Outputs that are inputs, constants or second names.
  func copyIndirectOutputs(_ outputs: [Value?]) {
    for position in plan.outputs.indices {
      guard let tensor = outputs[position]?.tensor, let source = table[plan.outputs[position]] else {
        continue
      }
      let target = UnsafeMutableRawPointer(mutating: tensor.storage.base + tensor.byteOffset)
      if source != target { target.copyMemory(from: source, byteCount: tensor.byteCount) }
    }
  }

  /// Adds what only running could tell.
  func collect(_ outputs: inout [Value?]) throws {
    for (position, index) in plan.outputs.enumerated()
    where outputs[position] == nil && external.outputs[position] == nil {
      outputs[position] = try value(index)
    }
  }

  /// Lets go of what the last run computed late.
  func releaseLate() {
    guard hasLate else { return }
    for index in lateValues.indices where lateValues[index] != nil {
      lateValues[index] = nil
      if descriptors[index] == nil { table[index] = nil }
    }
  }
}
