public import ApusCore

/// An executable revived from its record: immutable, shared by sessions.
public protocol Kernel: Sendable {
  /// The kernel for concrete shapes. Called when a session binds shapes, never per run (except for steps whose sizes
  /// only running can tell).
  func prepare(_ context: PrepareContext) throws -> PreparedKernel
}

/// A kernel that tells the sizes of its results from its inputs, where the operator's types cannot.
public protocol SizingKernel: Kernel {
  /// Shapes of all outputs for these inputs.
  func outputShapes(_ inputs: [Tensor?]) throws -> [[Int]]
}

/// A concrete tensor at a kernel's edge.
public struct TensorDescriptor: Sendable, Hashable {
  public var dtype: DType
  public var shape: [Int]
  public var layout: Layout

  public init(_ dtype: DType, _ shape: [Int], _ layout: Layout = .rowMajor) {
    self.dtype = dtype
    self.shape = shape
    self.layout = layout
  }

  public var elementCount: Int { shape.elementCount }
  public var byteCount: Int { dtype.byteCount(shape.elementCount) }

  /// Whether the elements lie channels last, by their layout or because of axes of one element.
  public var isChannelsLast: Bool {
    layout == .channelsLast || shape.count < 3 || shape[1] == 1 || shape[2...].allSatisfy { $0 == 1 }
  }
}

/// What a kernel may look at when it is prepared.
public struct PrepareContext: Sendable {
  public var inputs: [TensorDescriptor?]
  public var outputs: [TensorDescriptor?]
  /// Elements of inputs that are known now: constants and shape arithmetic.
  public var contents: [Tensor?]
  /// Threads that will run the kernel.
  public var threads: Int

  public init(
    inputs: [TensorDescriptor?], outputs: [TensorDescriptor?], contents: [Tensor?] = [], threads: Int = 1
  ) {
    self.inputs = inputs
    self.outputs = outputs
    self.contents = contents
    self.threads = threads
  }

  public func input(_ index: Int) throws -> TensorDescriptor {
    guard index < inputs.count, let input = inputs[index] else {
      throw ApusError(.internal, Problem(.internalError, "a kernel lacks input \(index)"))
    }
    return input
  }

  public func output(_ index: Int) throws -> TensorDescriptor {
    guard index < outputs.count, let output = outputs[index] else {
      throw ApusError(.internal, Problem(.internalError, "a kernel lacks output \(index)"))
    }
    return output
  }

  public func contents(_ index: Int) -> Tensor? { index < contents.count ? contents[index] : nil }
}

/// A kernel with shapes fixed; runs without allocating.
public struct PreparedKernel {
  /// Scratch memory that `run` needs, in bytes.
  public var scratchBytes: Int
  /// Memory that `run` finds zero and leaves zero, in bytes; only on devices with memory of their own.
  public var zeroedBytes: Int
  /// What the kernel has to do; nil where nobody counted.
  public var work: KernelWork?
  public var run: (borrowing KernelFrame) throws -> Void

  public init(
    scratchBytes: Int = 0, zeroedBytes: Int = 0, work: KernelWork? = nil,
    run: @escaping (borrowing KernelFrame) throws -> Void
  ) {
    self.scratchBytes = scratchBytes
    self.zeroedBytes = zeroedBytes
    self.work = work
    self.run = run
  }
}

/// Addresses and threads of one kernel call.
public struct KernelFrame {
  /// Addresses of all values of the plan.
  let table: UnsafeMutablePointer<UnsafeMutableRawPointer?>
  let inputIndices: UnsafePointer<Int32>
  let outputIndices: UnsafePointer<Int32>
  /// Memory of `scratchBytes`, aligned to 64 bytes, on the kernel's device.
  public let scratch: UnsafeMutableRawPointer
  /// Memory of `zeroedBytes`.
  public let zeroed: UnsafeMutableRawPointer?
  /// The session's threads (`apus_pool *`).
  public let pool: OpaquePointer?
  /// Stream of a device with one.
  public let stream: UnsafeMutableRawPointer?

  /// Address of an input; nil for one that is left out.
  public func input(_ index: Int) -> UnsafeRawPointer? {
    let slot = inputIndices[index]
    return slot < 0 ? nil : UnsafeRawPointer(table[Int(slot)])
  }

  /// Address of an output; nil for one that nobody reads.
  public func output(_ index: Int) -> UnsafeMutableRawPointer? {
    let slot = outputIndices[index]
    return slot < 0 ? nil : table[Int(slot)]
  }
}

/// What gives steps of one device their kernels.
public protocol DeviceRuntime: Sendable {
  /// `cpu`, `cuda:0`.
  var name: String { get }

  /// The kernel of a record; throws when the kind is unknown or the machine cannot run it.
  func revive(_ record: KernelRecord, constants: [UnsafeRawBufferPointer]) throws -> any Kernel

  /// Memory of the device; nil where kernels work on the host's.
  var memory: (any DeviceMemory)? { get }
}

extension DeviceRuntime {
  public var memory: (any DeviceMemory)? { nil }
}
