public import ApusCore

/// A row-major tensor in the memory of the session's device, which the caller owns and keeps alive.
public struct DeviceTensor: Sendable {
  public var dtype: DType
  public var shape: [Int]
  /// The device's address, as its driver gives it.
  public var address: UInt

  public init(_ dtype: DType, _ shape: [Int], address: UInt) {
    (self.dtype, self.shape, self.address) = (dtype, shape, address)
  }
}

/// Inputs and outputs of a binding that the caller keeps on the device, by position.
struct ExternalTensors {
  var inputs: [Int: DeviceTensor] = [:]
  var outputs: [Int: DeviceTensor] = [:]

  init() {}

  init(
    inputs: [String: DeviceTensor], outputs: [String: DeviceTensor], inputNames: [String],
    outputNames: [String]
  ) throws {
    var problems: [Problem] = []
    func positions(_ tensors: [String: DeviceTensor], _ names: [String], _ what: String) -> [Int:
      DeviceTensor]
    {
      var found: [Int: DeviceTensor] = [:]
      for (name, tensor) in tensors.sorted(by: { $0.key < $1.key }) {
        if let position = names.firstIndex(of: name) {
          found[position] = tensor
        } else {
          problems.append(
            Problem(
              .unknownInputName, "'\(name)' is no \(what)", value: name,
              allowed: names.joined(separator: ", "), fix: "use one of the model's \(what) names"))
        }
      }
      return found
    }
    self.inputs = positions(inputs, inputNames, "input")
    self.outputs = positions(outputs, outputNames, "output")
    if !problems.isEmpty { throw ApusError(.usage, problems) }
  }

  /// The steps between the memories that these tensors replace one side of, with their address. Throws where the host
  /// needs a tensor, or an output does not fit.
  func detours(_ executable: ExecutablePlan, _ descriptors: [TensorDescriptor?]) throws
    -> [Int: UnsafeMutableRawPointer]
  {
    var found: [Int: UnsafeMutableRawPointer] = [:]
    for (position, tensor) in inputs {
      let users = try steps(executable, executable.plan.inputs[position], tensor, isInput: true)
      for number in users { found[number] = UnsafeMutableRawPointer(bitPattern: tensor.address) }
    }
    for (position, tensor) in outputs {
      let value = executable.plan.outputs[position]
      try check(executable.plan.values[value].name, descriptors[value], tensor)
      let makers = try steps(executable, value, tensor, isInput: false)
      for number in makers { found[number] = UnsafeMutableRawPointer(bitPattern: tensor.address) }
    }
    return found
  }

  private func check(_ name: String, _ descriptor: TensorDescriptor?, _ tensor: DeviceTensor) throws {
    guard let descriptor else {
      throw refused("output '\(name)' has a size that only running can tell")
    }
    guard descriptor.dtype == tensor.dtype, descriptor.shape == tensor.shape else {
      throw ApusError(
        .invalidInput,
        Problem(
          .inputShape, "the memory for output '\(name)' has another type or shape",
          value: "\(TensorType(tensor.dtype, Shape(tensor.shape)))",
          allowed: "\(TensorType(descriptor.dtype, Shape(descriptor.shape)))"))
    }
  }

  /// All steps that touch a value of the host's; each must be a copy to or from the device.
  private func steps(_ executable: ExecutablePlan, _ value: Int, _ tensor: DeviceTensor, isInput: Bool) throws
    -> [Int]
  {
    let plan = executable.plan
    let name = plan.values[value].name
    let root = executable.memory.root
    let what = isInput ? "input" : "output"
    guard tensor.address != 0 else { throw refused("\(what) '\(name)' is at address 0") }
    guard executable.deviceConstants != nil else {
      throw refused("the plan runs on the host, which does not reach \(what) '\(name)'")
    }
    let sharing = (plan.outputs + plan.inputs).count { root[$0] == root[value] }
    guard sharing == 1 else { throw refused("\(what) '\(name)' is another input or output too") }
    let users = plan.steps.indices.filter { number in
      (plan.steps[number].inputs + plan.steps[number].outputs).contains {
        $0.map { root[$0] == root[value] } ?? false
      }
    }
    if let other = users.first(where: { plan.steps[$0].operatorName != DeviceCopy.name }) {
      throw refused("\(what) '\(name)' is needed on the host, by '\(plan.steps[other].name)'")
    }
    guard isInput || !users.isEmpty else {
      throw refused("\(what) '\(name)' is not computed on the device")
    }
    return users
  }

  private func refused(_ message: String) -> ApusError {
    ApusError(.usage, Problem(.usage, message, fix: "bind it in the host's memory"))
  }
}

/// A tensor whose contents the caller may change between runs of a binding.
public final class StagedTensor {
  public let tensor: Tensor
  private let bytes: UnsafeMutableRawBufferPointer

  init(_ dtype: DType, _ shape: [Int], on memory: (any DeviceMemory)?) throws {
    let byteCount = dtype.byteCount(shape.reduce(1, *))
    if let memory {
      let allocation = try memory.allocateHost(byteCount)
      bytes = allocation.bytes
      tensor = Tensor(staged: allocation, dtype, shape)
    } else {
      let plain = Tensor(dtype, shape)
      bytes = UnsafeMutableRawBufferPointer(
        start: UnsafeMutableRawPointer(mutating: plain.storage.base), count: plain.byteCount)
      tensor = plain
    }
  }

  /// Gives `body` the bytes to fill in; not while a binding executes.
  public func write(_ body: (UnsafeMutableRawBufferPointer) throws -> Void) rethrows { try body(bytes) }
}

extension Tensor {
  /// A view of memory for copies.
  init(staged allocation: any HostAllocation, _ dtype: DType, _ shape: [Int]) {
    self.init(
      dtype: dtype, shape: shape,
      storage: TensorStorage(viewing: UnsafeRawBufferPointer(allocation.bytes), owner: allocation))
  }
}

extension ApusError {
  /// The same, its problems naming the step where they name no node.
  func at(_ step: PlanStep) -> ApusError {
    ApusError(
      category,
      problems.map { problem in
        guard problem.node == nil else { return problem }
        var problem = problem
        (problem.node, problem.operator) = (step.name, step.operatorName)
        return problem
      })
  }
}
