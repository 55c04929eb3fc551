import ApusCore
public import ApusEngine
public import ApusOperators
import CApusKernels

/// Resamples height and width of channels-last tensors.
public struct ResizeKernel: CPUKernel {
  public struct Parameters: Codable, Sendable {
    public var resize: Resize

    public init(resize: Resize) { self.resize = resize }
  }

  public static let kind = "cpu.resize"
  private let parameters: Parameters

  public init(_ parameters: Parameters, constants: [UnsafeRawBufferPointer]) { self.parameters = parameters }

  public func prepare(_ context: PrepareContext) throws -> PreparedKernel {
    let (input, output) = (try context.input(0), try context.output(0))
    let rank = input.shape.count
    let operands = Operands(context.inputs.indices.map { $0 == 0 ? nil : context.contents($0) })
    let plans = try parameters.resize.axisPlans(operands, input.shape)
    guard (3...4).contains(rank), plans[0].isIdentity, plans[1].isIdentity else {
      throw ApusError(.internal, Problem(.internalError, "resizing of \(input.shape) has no kernel"))
    }
    let horizontal = try ResizeTable(plans[rank - 1], parameters.resize)
    let vertical = rank == 4 ? try ResizeTable(plans[2], parameters.resize) : ResizeTable()
    var native = apus_resize()
    (native.batch, native.channels) = (input.shape[0], input.shape[1])
    (native.in_height, native.out_height) = rank == 4 ? (input.shape[2], output.shape[2]) : (1, 1)
    (native.in_width, native.out_width) = (input.shape[rank - 1], output.shape[rank - 1])
    native.vertical = vertical.native
    native.horizontal = horizontal.native
    native.in_type = input.dtype.native
    native.out_type = output.dtype.native
    return PreparedKernel { [native] frame in
      withExtendedLifetime((vertical, horizontal)) {
        withUnsafePointer(to: native) { apus_resize_nhwc($0, frame.input(0), frame.output(0), frame.pool) }
      }
    }
  }
}

/// Where the outputs along one axis come from, in C memory.
private final class ResizeTable {
  let native: apus_resize_axis
  private let indices: UnsafeMutablePointer<Int32>
  private let weights: UnsafeMutablePointer<Float>?

  /// An axis of one element.
  init() {
    indices = .allocate(capacity: 1)
    indices.initialize(to: 0)
    weights = nil
    native = apus_resize_axis(taps: 1, indices: indices, weights: nil)
  }

  init(_ plan: AxisResampling, _ op: Resize) throws {
    let taps: [AxisResampling.Taps]
    if op.mode == .nearest || plan.isIdentity {
      let nearest = plan.isIdentity ? Array(0..<plan.oldSize) : try plan.nearestIndices(op.nearest)
      indices = .allocate(capacity: max(1, nearest.count))
      for (place, index) in nearest.enumerated() { indices[place] = Int32(truncatingIfNeeded: index) }
      weights = nil
      native = apus_resize_axis(taps: 1, indices: indices, weights: nil)
      return
    }
    taps = try plan.taps(of: op)
    let count = taps.first?.indices.count ?? 1
    let table = UnsafeMutablePointer<Float>.allocate(capacity: max(1, taps.count * count))
    indices = .allocate(capacity: max(1, taps.count * count))
    for (place, tap) in taps.enumerated() {
      for (index, (source, weight)) in zip(tap.indices, tap.weights).enumerated() {
        indices[place * count + index] = Int32(truncatingIfNeeded: source)
        table[place * count + index] = Float(weight)
      }
    }
    weights = table
    native = apus_resize_axis(taps: count, indices: indices, weights: table)
  }

  deinit {
    indices.deallocate()
    weights?.deallocate()
  }
}
