public import ApusCore
public import ApusEngine
import CApusKernels

/// Runs a program of elementwise instructions over broadcast operands, block by block in the first-level cache.
public struct PointwiseKernel: CPUKernel {
  /// One instruction; fields as in `apus_pointwise_instruction`.
  public struct Instruction: Codable, Sendable, Hashable {
    public var op: Int32
    public var dst: Int32
    public var a: Int32
    public var b: Int32
    public var c: Int32
    public var alpha: Double
    public var beta: Double
    public var integer: Int64

    public init(
      _ op: Int32, dst: Int32 = 0, a: Int32 = 0, b: Int32 = 0, c: Int32 = 0, alpha: Double = 0,
      beta: Double = 0,
      integer: Int64 = 0
    ) {
      self.op = op
      self.dst = dst
      self.a = a
      self.b = b
      self.c = c
      self.alpha = alpha
      self.beta = beta
      self.integer = integer
    }
  }

  public struct Parameters: Codable, Sendable {
    /// `apus_pointwise_domain`.
    public var domain: Int32
    public var registers: Int32
    public var instructions: [Instruction]

    public init(domain: Int32, registers: Int32, instructions: [Instruction]) {
      self.domain = domain
      self.registers = registers
      self.instructions = instructions
    }
  }

  public static let kind = "cpu.pointwise"
  private let parameters: Parameters

  public init(_ parameters: Parameters, constants: [UnsafeRawBufferPointer]) { self.parameters = parameters }

  public func prepare(_ context: PrepareContext) throws -> PreparedKernel {
    let program = try PointwiseProgram(parameters, context)
    let scratch = apus_pointwise_workspace_bytes(&program.native, Int32(context.threads))
    return PreparedKernel(scratchBytes: scratch) { frame in program.run(frame) }
  }
}

/// A program with its C arrays; they live as long as the prepared kernel.
private final class PointwiseProgram {
  var native = apus_pointwise()
  private let inputCount: Int
  private let outputCount: Int
  private let inputs: UnsafeMutablePointer<apus_pointwise_operand>
  private let outputs: UnsafeMutablePointer<apus_pointwise_operand>
  private let instructions: UnsafeMutablePointer<apus_pointwise_instruction>
  private let inputAddresses: UnsafeMutablePointer<UnsafeRawPointer?>
  private let outputAddresses: UnsafeMutablePointer<UnsafeMutableRawPointer?>

  init(_ parameters: PointwiseKernel.Parameters, _ context: PrepareContext) throws {
    let (ins, outs) = (context.inputs.compactMap { $0 }, context.outputs.compactMap { $0 })
    (inputCount, outputCount) = (ins.count, outs.count)
    inputs = .allocate(capacity: max(1, inputCount))
    outputs = .allocate(capacity: max(1, outputCount))
    instructions = .allocate(capacity: max(1, parameters.instructions.count))
    inputAddresses = .allocate(capacity: max(1, inputCount))
    outputAddresses = .allocate(capacity: max(1, outputCount))
    inputAddresses.initialize(repeating: nil, count: max(1, inputCount))
    outputAddresses.initialize(repeating: nil, count: max(1, outputCount))
    let shape = try Broadcasting.shape(ins.map(\.shape) + outs.map(\.shape))
    let order = (outs.first?.layout ?? .rowMajor).order(rank: shape.count)
    let axes = Self.merged(shape, order, (ins + outs).map { Self.strides($0, over: shape) })
    guard axes.sizes.count <= Int(APUS_POINTWISE_RANK) else {
      throw ApusError(.internal, Problem(.internalError, "a pointwise program of rank \(axes.sizes.count)"))
    }
    for (index, descriptor) in (ins + outs).enumerated() {
      var operand = apus_pointwise_operand()
      operand.type = descriptor.dtype.element
      withUnsafeMutableBytes(of: &operand.strides) { bytes in
        for (axis, stride) in axes.strides[index].enumerated() {
          bytes.storeBytes(of: stride, toByteOffset: axis * MemoryLayout<Int>.stride, as: Int.self)
        }
      }
      (index < inputCount ? inputs + index : outputs + (index - inputCount)).initialize(to: operand)
    }
    for (index, item) in parameters.instructions.enumerated() {
      (instructions + index).initialize(
        to: apus_pointwise_instruction(
          op: apus_pointwise_op(rawValue: item.op), dst: item.dst, a: item.a, b: item.b, c: item.c,
          alpha: item.alpha, beta: item.beta, integer: item.integer))
    }
    native.domain = apus_pointwise_domain(rawValue: parameters.domain)
    native.rank = Int32(axes.sizes.count)
    withUnsafeMutableBytes(of: &native.shape) { bytes in
      for (axis, size) in axes.sizes.enumerated() {
        bytes.storeBytes(of: size, toByteOffset: axis * MemoryLayout<Int>.stride, as: Int.self)
      }
    }
    native.input_count = Int32(inputCount)
    native.output_count = Int32(outputCount)
    native.instruction_count = Int32(parameters.instructions.count)
    native.register_count = parameters.registers
    native.inputs = UnsafePointer(inputs)
    native.outputs = UnsafePointer(outputs)
    native.instructions = UnsafePointer(instructions)
    guard apus_pointwise_valid(&native) else {
      throw ApusError(.invalidModel, Problem(.engineDamaged, "a pointwise program is malformed"))
    }
  }

  deinit {
    inputs.deallocate()
    outputs.deallocate()
    instructions.deallocate()
    inputAddresses.deallocate()
    outputAddresses.deallocate()
  }

  func run(_ frame: borrowing KernelFrame) {
    var slot = 0
    var index = 0
    while index < inputCount {
      if let address = frame.input(slot) {
        inputAddresses[index] = address
        index += 1
      }
      slot += 1
    }
    for output in 0..<outputCount { outputAddresses[output] = frame.output(output) }
    apus_pointwise_run(&native, inputAddresses, outputAddresses, frame.scratch, frame.pool)
  }

  /// Element strides over the common shape, by logical axis; 0 along broadcast axes.
  private static func strides(_ descriptor: TensorDescriptor, over shape: [Int]) -> [Int] {
    let own = descriptor.layout.strides(of: descriptor.shape)
    let missing = shape.count - descriptor.shape.count
    return shape.indices.map { axis in
      axis < missing || descriptor.shape[axis - missing] == 1 ? 0 : own[axis - missing]
    }
  }

  /// Axes in memory order; neighbours that every operand walks as one are merged, axes of size 1 dropped.
  private static func merged(_ shape: [Int], _ order: [Int], _ strides: [[Int]]) -> (
    sizes: [Int], strides: [[Int]]
  ) {
    var sizes: [Int] = []
    var result = [[Int]](repeating: [], count: strides.count)
    for axis in order where shape[axis] != 1 {
      let last = sizes.count - 1
      if last >= 0, strides.indices.allSatisfy({ result[$0][last] == strides[$0][axis] * shape[axis] }) {
        sizes[last] *= shape[axis]
        for operand in strides.indices { result[operand][last] = strides[operand][axis] }
      } else {
        sizes.append(shape[axis])
        for operand in strides.indices { result[operand].append(strides[operand][axis]) }
      }
    }
    return (sizes, result)
  }
}

extension DType {
  /// The code of an element type in cast instructions.
  public var code: Int32 { element.rawValue }

  /// The pointwise kernels' code of an element type; FP32 for those they do not take (tactics refuse them).
  var element: apus_dtype {
    switch self {
    case .f64: APUS_F64
    case .f16: APUS_F16
    case .bf16: APUS_BF16
    case .i8: APUS_I8
    case .u8: APUS_U8
    case .i16: APUS_I16
    case .u16: APUS_U16
    case .i32: APUS_I32
    case .u32: APUS_U32
    case .i64: APUS_I64
    case .u64: APUS_U64
    case .bool: APUS_BOOL
    default: APUS_F32
    }
  }
}
