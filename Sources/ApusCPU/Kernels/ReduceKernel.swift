import ApusCore
public import ApusEngine
import CApusKernels

/// Reduces axes of a row-major tensor; axes that do not follow each other are brought together first.
public struct ReduceKernel: CPUKernel {
  public struct Parameters: Codable, Sendable {
    /// Value of `apus_reduction`.
    public var reduction: Int32
    /// Reduced axes, all at least 0.
    public var axes: [Int]

    public init(reduction: Int32, axes: [Int]) {
      self.reduction = reduction
      self.axes = axes
    }
  }

  public static let kind = "cpu.reduce"
  private let parameters: Parameters

  public init(_ parameters: Parameters, constants: [UnsafeRawBufferPointer]) { self.parameters = parameters }

  public func prepare(_ context: PrepareContext) throws -> PreparedKernel {
    let (input, output) = (try context.input(0), try context.output(0))
    var native = apus_reduce()
    native.op = apus_reduction(rawValue: parameters.reduction)
    native.in_type = input.dtype.native
    native.out_type = output.dtype.native
    let shape = input.shape
    let reduced = parameters.axes.filter { shape[$0] != 1 }
    let span = (reduced.first ?? 0)..<((reduced.last ?? -1) + 1)
    native.count = reduced.reduce(1) { $0 * shape[$1] }
    if span.allSatisfy({ shape[$0] == 1 || reduced.contains($0) }) {
      native.outer = shape[..<span.lowerBound].reduce(1, *)
      native.inner = shape[span.upperBound...].reduce(1, *)
      return PreparedKernel { [native] frame in
        withUnsafePointer(to: native) { apus_reduce_run($0, frame.input(0), frame.output(0), frame.pool) }
      }
    }
    let kept = shape.indices.filter { !reduced.contains($0) }
    let order = kept + reduced
    native.outer = kept.reduce(1) { $0 * shape[$1] }
    native.inner = 1
    let strides = shape.rowMajorStrides
    let sizes = order.map { shape[$0] }
    let copy = try StridedCopy(
      shape: sizes, inStrides: order.map { strides[$0] }, outStrides: sizes.rowMajorStrides,
      dtype: input.dtype)
    return PreparedKernel(scratchBytes: input.byteCount) { [native] frame in
      copy.run(frame.input(0), frame.scratch, frame.pool)
      withUnsafePointer(to: native) { apus_reduce_run($0, frame.scratch, frame.output(0), frame.pool) }
    }
  }
}
