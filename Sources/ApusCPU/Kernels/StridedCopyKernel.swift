import ApusCore
public import ApusEngine
import CApusKernels

/// Permutes axes: transposes, and changes of memory layout.
public struct StridedCopyKernel: CPUKernel {
  public struct Parameters: Codable, Sendable {
    /// Output axis `i` is input axis `axes[i]`; nil: the axes stay, only the layout changes.
    public var axes: [Int]?

    public init(axes: [Int]? = nil) { self.axes = axes }
  }

  public static let kind = "cpu.copy"
  private let parameters: Parameters

  public init(_ parameters: Parameters, constants: [UnsafeRawBufferPointer]) { self.parameters = parameters }

  public func prepare(_ context: PrepareContext) throws -> PreparedKernel {
    let (input, output) = (try context.input(0), try context.output(0))
    let axes = parameters.axes ?? Array(input.shape.indices)
    let inStrides = input.layout.strides(of: input.shape)
    let outStrides = output.layout.strides(of: output.shape)
    let copy = try StridedCopy(
      shape: output.shape, inStrides: axes.map { inStrides[$0] }, outStrides: outStrides, dtype: output.dtype)
    return PreparedKernel { frame in
      copy.run(frame.input(0), frame.output(0), frame.pool)
    }
  }
}

/// A copy between two strided views, for kernels that move data.
struct StridedCopy {
  private var copy = apus_copy()

  /// Strides in elements. Axes of one size are merged where they follow each other in both views.
  init(shape: [Int], inStrides: [Int], outStrides: [Int], dtype: DType) throws {
    var merged: [(size: Int, from: Int, to: Int)] = []
    for axis in shape.indices where shape[axis] != 1 {
      if let last = merged.last, last.from == inStrides[axis] * shape[axis],
        last.to == outStrides[axis] * shape[axis]
      {
        merged[merged.count - 1] = (last.size * shape[axis], inStrides[axis], outStrides[axis])
      } else {
        merged.append((shape[axis], inStrides[axis], outStrides[axis]))
      }
    }
    var width = dtype.bitWidth / 8
    if width == 16 {
      merged = merged.map { ($0.size, $0.from * 2, $0.to * 2) } + [(2, 1, 1)]
      width = 8
    }
    guard merged.count <= Int(APUS_COPY_RANK), [1, 2, 4, 8].contains(width) else {
      throw ApusError(
        .internal,
        Problem(.internalError, "a copy of rank \(merged.count) of \(dtype.rawValue) has no kernel"))
    }
    copy.rank = Int32(merged.count)
    copy.element_bytes = Int32(width)
    for (index, axis) in merged.enumerated() {
      withUnsafeMutableBytes(of: &copy.shape) {
        $0.storeBytes(of: axis.size, toByteOffset: index * 8, as: Int.self)
      }
      withUnsafeMutableBytes(of: &copy.in_strides) {
        $0.storeBytes(of: axis.from, toByteOffset: index * 8, as: Int.self)
      }
      withUnsafeMutableBytes(of: &copy.out_strides) {
        $0.storeBytes(of: axis.to, toByteOffset: index * 8, as: Int.self)
      }
    }
  }

  func run(_ input: UnsafeRawPointer?, _ output: UnsafeMutableRawPointer?, _ pool: OpaquePointer?) {
    guard let input, let output else { return }
    withUnsafePointer(to: copy) { apus_copy_run($0, input, output, pool) }
  }
}
