import ApusCore
public import ApusEngine
import CApusKernels

/// `softmax(q · kᵀ * scale + mask) · v` without the scores ever being stored. Inputs: q, k, v and an optional mask.
public struct AttentionKernel: CPUKernel {
  public struct Parameters: Codable, Sendable {
    /// Heads where they lie within the last of three axes; nil: they are an axis.
    public var queryHeads: Int?
    public var keyHeads: Int?
    /// nil: one over the root of the head size.
    public var scale: Double?
    public var causal: Bool

    public init(queryHeads: Int?, keyHeads: Int?, scale: Double?, causal: Bool = false) {
      self.queryHeads = queryHeads
      self.keyHeads = keyHeads
      self.scale = scale
      self.causal = causal
    }
  }

  public static let kind = "cpu.attention"
  private let parameters: Parameters

  public init(_ parameters: Parameters, constants: [UnsafeRawBufferPointer]) { self.parameters = parameters }

  public func prepare(_ context: PrepareContext) throws -> PreparedKernel {
    let q = try Operand(try context.input(0).shape, heads: parameters.queryHeads)
    let k = try Operand(try context.input(1).shape, heads: parameters.keyHeads)
    let v = try Operand(try context.input(2).shape, heads: parameters.keyHeads)
    let out = try Operand(try context.output(0).shape, heads: parameters.queryHeads)
    guard q.batch == k.batch, q.batch == v.batch, k.heads == v.heads, k.heads > 0, q.heads % k.heads == 0,
      q.size == k.size, k.length == v.length
    else { throw ApusError(.internal, Problem(.internalError, "query, key and value do not fit each other")) }
    var native = apus_attention()
    (native.batch, native.heads, native.kv_heads) = (q.batch, q.heads, k.heads)
    (native.queries, native.keys, native.depth, native.value_depth) = (q.length, k.length, q.size, v.size)
    native.scale = Float(parameters.scale ?? 1 / Double(q.size).squareRoot())
    native.causal = parameters.causal
    native.type = try context.input(0).dtype.native
    (native.q, native.k, native.v, native.out) = (q.strides, k.strides, v.strides, out.strides)
    let mask = try Mask(context, [q.batch, q.heads, q.length, k.length])
    if let strides = mask?.strides {
      native.mask = apus_attention_strides(batch: strides[0], head: strides[1], row: strides[2])
      native.mask_column = strides[3]
    }
    let workspace = (apus_attention_workspace_bytes(&native, Int32(context.threads)) + 63) / 64 * 64
    return PreparedKernel(scratchBytes: workspace + (mask?.scratchBytes ?? 0)) { [native] frame in
      let added = mask?.addends(frame, frame.scratch + workspace)
      withUnsafePointer(to: native) {
        apus_attention_run(
          $0, frame.input(0), frame.input(1), frame.input(2), added, frame.output(0), frame.scratch,
          frame.pool)
      }
    }
  }

  /// Sizes and strides of an operand.
  private struct Operand {
    let (batch, heads, length, size): (Int, Int, Int, Int)
    let strides: apus_attention_strides

    init(_ shape: [Int], heads count: Int?) throws {
      if shape.count == 4 {
        (batch, heads, length, size) = (shape[0], shape[1], shape[2], shape[3])
        strides = apus_attention_strides(batch: heads * length * size, head: length * size, row: size)
      } else if shape.count == 3, let count, count > 0, shape[2] % count == 0 {
        (batch, heads, length, size) = (shape[0], count, shape[1], shape[2] / count)
        strides = apus_attention_strides(batch: length * shape[2], head: size, row: shape[2])
      } else {
        throw ApusError(.internal, Problem(.internalError, "attention on \(shape) has no kernel"))
      }
    }
  }

  /// A mask as FP32 addends that broadcast to the scores.
  private struct Mask {
    let strides: [Int]
    private let descriptor: TensorDescriptor

    init?(_ context: PrepareContext, _ scores: [Int]) throws {
      guard context.inputs.count > 3, let descriptor = context.inputs[3] else { return nil }
      self.descriptor = descriptor
      guard try Broadcasting.shape([descriptor.shape, scores]) == scores, descriptor.shape.last == scores[3]
      else {
        throw ApusError(
          .internal, Problem(.internalError, "an attention mask of \(descriptor.shape) for \(scores)"))
      }
      strides = Broadcasting.strides(of: descriptor.shape, over: scores)
    }

    var scratchBytes: Int { descriptor.dtype == .f32 ? 0 : descriptor.elementCount * 4 }

    /// Bools become 0 and minus infinity; other types are widened.
    func addends(_ frame: borrowing KernelFrame, _ scratch: UnsafeMutableRawPointer) -> UnsafePointer<Float>?
    {
      guard let mask = frame.input(3) else { return nil }
      if descriptor.dtype == .f32 { return mask.assumingMemoryBound(to: Float.self) }
      let target = scratch.assumingMemoryBound(to: Float.self)
      if descriptor.dtype == .bool {
        let flags = mask.assumingMemoryBound(to: UInt8.self)
        for index in 0..<descriptor.elementCount { target[index] = flags[index] == 0 ? -.infinity : 0 }
      } else {
        apus_convert(descriptor.dtype.native, mask, APUS_F32, target, descriptor.elementCount, frame.pool)
      }
      return UnsafePointer(target)
    }
  }
}
