import ApusCore
import ApusEngine

/// The one kernel of GPU plans: launches what the record says for the shapes at hand.
final class CUDAKernel: Kernel, @unchecked Sendable {
  // The machine code lies in the engine, which the plan keeps; nothing changes after `init`.
  private let record: CUDAKernelRecord
  private let tactic: String
  private let runtime: CUDARuntime
  private let images: [UnsafeRawBufferPointer]
  /// Packed constants on the GPU, by their position among the record's constants.
  private let packed: [Int: DeviceBuffer]
  /// What libraries do, by the number of the variant; where one is not there, the variant's own launches run.
  private let works: [Int: PreparedWork]

  init(
    _ record: CUDAKernelRecord, tactic: String, constants: [UnsafeRawBufferPointer], _ runtime: CUDARuntime
  ) throws {
    self.record = record
    self.tactic = tactic
    self.runtime = runtime
    images = constants
    let works = try Self.works(of: record, runtime.gpu)
    self.works = works
    let used = record.variants.enumerated().reduce(into: Set<Int>()) { used, variant in
      used.formUnion(variant.element.constants(byLibrary: works[variant.offset] != nil))
    }
    packed = try Self.upload(used.intersection(record.packed), constants, tactic, runtime.gpu)
  }

  private static func upload(
    _ positions: Set<Int>, _ constants: [UnsafeRawBufferPointer], _ tactic: String, _ gpu: any GPU
  ) throws -> [Int: DeviceBuffer] {
    var packed: [Int: DeviceBuffer] = [:]
    for position in positions.sorted() {
      let bytes = try constant(position, constants)
      let buffer = try DeviceBuffer(gpu, byteCount: bytes.count, for: "the weights of \(tactic)")
      try buffer.write(bytes)
      packed[position] = buffer
    }
    return packed
  }

  private static func works(of record: CUDAKernelRecord, _ gpu: any GPU) throws -> [Int: PreparedWork] {
    var works: [Int: PreparedWork] = [:]
    for (number, variant) in record.variants.enumerated() {
      guard let call = variant.call else { continue }
      do {
        works[number] = try PreparedWork(gpu, call.work, call.choice)
      } catch  where !variant.launches.isEmpty {
        // Ours compute the same.
      }
    }
    return works
  }

  private static func constant(_ position: Int, _ constants: [UnsafeRawBufferPointer]) throws
    -> UnsafeRawBufferPointer
  {
    guard constants.indices.contains(position) else {
      throw ApusError(
        .invalidModel, Problem(.engineDamaged, "a GPU kernel names constant \(position), which is not there"))
    }
    return constants[position]
  }

  func prepare(_ context: PrepareContext) throws -> PreparedKernel {
    let number = try variant(for: context)
    let variant = record.variants[number]
    guard let work = works[number], let call = variant.call else { return try launches(of: variant, packed) }
    let step = CUDACallStep(call: call, work: work, packed: packed)
    let bytes = call.choice.workspaceBytes + LibraryOperands.workspaceAlignment
    // Runs follow one another, so nobody else changes it.
    var own: PreparedKernel?
    return PreparedKernel(
      scratchBytes: max(bytes, variant.scratchBytes), zeroedBytes: variant.zeroedBytes, work: variant.work
    ) { frame in
      if let own { return try own.run(frame) }
      do { try step.run(frame) } catch  where !variant.launches.isEmpty {
        // What the library refuses ours compute, from now on.
        let kernel = try self.ownLaunches(of: variant)
        own = kernel
        try kernel.run(frame)
      }
    }
  }

  /// The launches behind a library's call, with what of theirs is not on the GPU yet.
  private func ownLaunches(of variant: CUDAKernelRecord.Variant) throws -> PreparedKernel {
    let missing = variant.constants(byLibrary: false).intersection(record.packed).subtracting(packed.keys)
    let more = try Self.upload(missing, images, tactic, runtime.gpu)
    return try launches(of: variant, packed.merging(more) { here, _ in here })
  }

  private func launches(of variant: CUDAKernelRecord.Variant, _ packed: [Int: DeviceBuffer]) throws
    -> PreparedKernel
  {
    let steps = try variant.launches.map { launch in
      let module = try runtime.module(Self.constant(launch.image, images))
      let function = try module.function(launch.function, sharedBytes: launch.geometry.sharedBytes)
      return CUDALaunchStep(
        launch: launch, function: function, packed: packed, workspaceOffset: variant.workspaceOffset)
    }
    let gpu = runtime.gpu
    return PreparedKernel(
      scratchBytes: variant.scratchBytes, zeroedBytes: variant.zeroedBytes, work: variant.work
    ) { frame in
      for step in steps { try step.run(frame, gpu) }
    }
  }

  /// Number of the variant for the shapes of a context.
  private func variant(for context: PrepareContext) throws -> Int {
    let (inputs, outputs) = (context.inputs.map { $0?.shape }, context.outputs.map { $0?.shape })
    let fits = { (wanted: [[Int]?], given: [[Int]?]) in
      wanted.count == given.count && zip(wanted, given).allSatisfy { $0 == nil || $1 == nil || $0 == $1 }
    }
    if let found = record.variants.firstIndex(where: {
      fits($0.inputs, inputs) && fits($0.outputs, outputs)
    }) {
      return found
    }
    let text = { (shapes: [[Int]?]) in
      shapes.compactMap { $0 }.map { $0.map(String.init).joined(separator: "x") }.joined(separator: ", ")
    }
    throw ApusError(
      .invalidInput,
      Problem(
        .inputShape, "the engine holds no GPU kernel of \(tactic) for these shapes", value: text(inputs),
        allowed: record.variants.map { text($0.inputs) }.joined(separator: " or "),
        fix: "optimize the model with a profile for this shape: --shapes NAME=MIN:OPT:MAX"))
  }
}

/// A launch with everything but the addresses of the run.
private struct CUDALaunchStep {
  let launch: CUDAKernelRecord.Launch
  let function: Function
  let packed: [Int: DeviceBuffer]
  let workspaceOffset: Int

  func run(_ frame: borrowing KernelFrame, _ gpu: any GPU) throws {
    let addresses = frame.addresses(launch.operands, packed)
    let workspace = KernelFrame.address(frame.scratch + workspaceOffset) ?? 0
    let zeroed = KernelFrame.address(frame.zeroed) ?? 0
    let arguments = try launch.parameters.map { parameter -> KernelArgument in
      switch parameter {
      case .operand(let name): .address(addresses[name] ?? 0)
      case .map(let map, let name): .tensorMap(try gpu.encode(map, address: addresses[name] ?? 0))
      case .workspace: .address(workspace)
      case .zeroed: .address(zeroed)
      }
    }
    try gpu.launch(function.handle, launch.geometry, ArgumentBlock(arguments), on: try frame.streamHandle())
  }
}

/// A library's call with everything but the addresses of the run.
private struct CUDACallStep {
  let call: CUDAKernelRecord.Call
  let work: PreparedWork
  let packed: [Int: DeviceBuffer]

  func run(_ frame: borrowing KernelFrame) throws {
    let alignment = DeviceAddress(LibraryOperands.workspaceAlignment)
    let scratch = KernelFrame.address(frame.scratch) ?? 0
    let operands = LibraryOperands(
      frame.addresses(call.operands, packed),
      workspace: (scratch + alignment - 1) / alignment * alignment)
    try work.gpu.run(work.handle, operands, on: try frame.streamHandle())
  }
}

extension KernelFrame {
  fileprivate func streamHandle() throws -> GPUHandle {
    guard let stream else {
      throw ApusError(.internal, Problem(.internalError, "a GPU kernel was run without a stream"))
    }
    return GPUHandle(bits: UInt(bitPattern: stream))
  }

  /// Addresses of operands by name, without those that are left out.
  fileprivate func addresses(
    _ operands: [String: CUDAKernelRecord.Operand], _ packed: [Int: DeviceBuffer]
  ) -> [String: DeviceAddress] {
    var addresses: [String: DeviceAddress] = [:]
    for (name, operand) in operands {
      switch operand {
      case .input(let index): addresses[name] = Self.address(input(index))
      case .output(let index): addresses[name] = Self.address(output(index))
      case .constant(let position): addresses[name] = packed[position]?.address
      case .temporary(let offset): addresses[name] = Self.address(scratch + offset)
      }
    }
    return addresses
  }

  fileprivate static func address(_ pointer: UnsafeRawPointer?) -> DeviceAddress? {
    pointer.map { DeviceAddress(UInt(bitPattern: $0)) }
  }

  fileprivate static func address(_ pointer: UnsafeMutableRawPointer?) -> DeviceAddress? {
    address(pointer.map { UnsafeRawPointer($0) })
  }
}
